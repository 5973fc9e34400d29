import { basename } from "node:path";

import {
  DiagnosticSeverity,
  languages,
  Range,
  window,
  workspace,
  type Diagnostic,
  type Disposable,
  type TextEditor,
} from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";

import type { Chip, Composing } from "./messages";

/** The server's marks where it proposes something are no problems. */
const OURS = "devstral-ls";
const IMAGES = 8;

/** What the next question is about: the active file, what is selected in it, its problems, and pasted images. */
export class NextQuestion implements Disposable {
  private editor: TextEditor | undefined;
  private readonly leftOut = new Set<Chip["id"]>();
  private images: string[] = [];
  private readonly listening: Disposable[];

  constructor(private readonly changed: () => void) {
    this.follow(window.activeTextEditor);
    this.listening = [
      window.onDidChangeActiveTextEditor((editor) => {
        // The last file still counts while a panel has the focus, or what is proposed for the file is looked at.
        if (editor !== undefined && editor.document.uri.scheme !== "devstral") this.follow(editor);
        this.changed();
      }),
      workspace.onDidCloseTextDocument((document) => {
        if (document === this.editor?.document) this.follow(window.activeTextEditor);
        this.changed();
      }),
      window.onDidChangeTextEditorSelection((change) => {
        if (change.textEditor === this.editor) this.changed();
      }),
      languages.onDidChangeDiagnostics((change) => {
        const about = this.editor?.document.uri.toString();
        if (change.uris.some((uri) => uri.toString() === about)) this.changed();
      }),
    ];
  }

  dispose(): void {
    for (const each of this.listening) each.dispose();
  }

  get composing(): Composing {
    const all = this.chips();
    return {
      chips: all.filter((chip) => this.takes(chip.id)),
      // What belongs to a file that is left out is not offered by itself.
      left: all.filter((chip) => this.leftOut.has(chip.id) && (chip.id === "file" || this.takes("file"))),
      images: this.images,
    };
  }

  leave(chip: Chip["id"]): void {
    this.leftOut.add(chip);
    this.changed();
  }

  take(chip: Chip["id"]): void {
    this.leftOut.delete(chip);
    this.changed();
  }

  /** Throws an Error with one line for the user. */
  paste(image: string): void {
    if (!/^data:image\/(png|jpeg|gif|webp);base64,/.test(image)) {
      throw new Error("Devstral takes PNG, JPEG, GIF and WebP images.");
    }
    if (this.images.length === IMAGES) throw new Error(`A question can have ${IMAGES} images.`);
    this.images = [...this.images, image];
    this.changed();
  }

  dropImage(index: number): void {
    this.images = this.images.filter((_, each) => each !== index);
    this.changed();
  }

  /** The command's arguments, and the same in words; what comes after starts anew. */
  async ask(client: LanguageClient): Promise<{ argument: object; about: string[]; images: string[] }> {
    const { chips, images } = this.composing;
    const argument: Record<string, unknown> = { images };
    const convert = client.code2ProtocolConverter;
    const editor = this.editor;
    if (editor !== undefined && chips.some((chip) => chip.id === "file")) {
      argument["textDocument"] = { uri: convert.asUri(editor.document.uri) };
      if (chips.some((chip) => chip.id === "selection")) argument["range"] = convert.asRange(editor.selection);
      if (chips.some((chip) => chip.id === "problems")) {
        argument["diagnostics"] = await convert.asDiagnostics(problems(editor));
      }
    } else argument["scope"] = "workspace";
    this.leftOut.clear();
    this.images = [];
    this.changed();
    return { argument, about: chips.map((chip) => chip.label), images };
  }

  private follow(editor: TextEditor | undefined): void {
    this.editor = editor?.document.uri.scheme === "file" ? editor : undefined;
    this.leftOut.clear();
  }

  private takes(chip: Chip["id"]): boolean {
    return !this.leftOut.has(chip) && (chip === "file" || !this.leftOut.has("file"));
  }

  private chips(): Chip[] {
    if (this.editor === undefined) return [];
    const { document, selection } = this.editor;
    const found: Chip[] = [
      { id: "file", label: basename(document.uri.fsPath), title: workspace.asRelativePath(document.uri) },
    ];
    if (!selection.isEmpty) {
      const first = selection.start.line + 1;
      const last = Math.max(first, selection.end.line + (selection.end.character > 0 ? 1 : 0));
      const label = first === last ? `line ${first}` : `lines ${first}-${last}`;
      found.push({ id: "selection", label, title: `the selection, ${label}` });
    }
    const count = problems(this.editor).length;
    if (count > 0) {
      const label = count === 1 ? "1 problem" : `${count} problems`;
      found.push({ id: "problems", label, title: `${label} ${selection.isEmpty ? "in the file" : "in the selected lines"}` });
    }
    return found;
  }
}

/** Errors and warnings: in the selected lines, else in the file. */
function problems({ document, selection }: TextEditor): Diagnostic[] {
  const lines = new Range(selection.start.line, 0, selection.end.line + 1, 0);
  return languages
    .getDiagnostics(document.uri)
    .filter((problem) => problem.severity <= DiagnosticSeverity.Warning && problem.source !== OURS)
    .filter((problem) => selection.isEmpty || lines.intersection(problem.range) !== undefined);
}
