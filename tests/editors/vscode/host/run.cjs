// Runs in the extension host: plays the cases that the test names, one after the other, and says what came of each.
//
// Over a connection to TESTS_PORT it is told what to play and answers {"outcome": ...} or {"failed": ...}, and
// {"reached": ...} where a case waits for the test to look at the rest of the world. A case is a module whose export
// takes a Host and returns what was seen.

const { connect } = require("node:net");
const { createInterface } = require("node:readline");
const { workspace } = require("vscode");
const { Host, missed } = require("./host.cjs");

const PATIENCE = 60_000; // milliseconds; a case that takes longer has failed

exports.run = async () => {
  // A window that has no folders is loaded anew, with another extension host.
  if (!workspace.workspaceFolders?.length) await new Promise((resolve) => workspace.onDidChangeWorkspaceFolders(resolve));
  const connection = connect(Number(process.env.TESTS_PORT), "127.0.0.1");
  const said = createInterface({ input: connection })[Symbol.asyncIterator]();
  const say = (message) => connection.write(JSON.stringify(message) + "\n");
  const reach = async (place) => {
    say({ reached: place });
    await said.next();
  };
  for (let line = await said.next(); !line.done; line = await said.next()) {
    const play = JSON.parse(line.value);
    try {
      say({ outcome: await inTime(playing(play, reach)) });
    } catch (error) {
      say({ failed: error.stack ?? String(error) });
    }
  }
  connection.end();
};

async function playing(play, reach) {
  return require(`./${play.case}.cjs`)(await Host.fresh(play, reach));
}

async function inTime(playing) {
  let timer;
  const over = new Promise((_, reject) => {
    const missing = () => [`it does not end within ${PATIENCE / 1000} s`, ...missed()].join("; it waits for ");
    timer = setTimeout(() => reject(new Error(missing())), PATIENCE);
  });
  try {
    return await Promise.race([playing, over]);
  } finally {
    clearTimeout(timer);
  }
}
