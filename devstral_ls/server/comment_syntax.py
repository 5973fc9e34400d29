"""How languages write comments: what starts one, what encloses one, and which of Pygments' lexers knows the language.

The table strips leaders and closers; whether a text is a comment at all is the lexer's word, where there is one.
"""

from __future__ import annotations

from dataclasses import dataclass, field

Blocks = tuple[tuple[str, str], ...]

HASH = ("#",)
SLASHES = ("//",)
DASHES = ("--",)
C_BLOCK: Blocks = (("/*", "*/"),)
MARKUP: Blocks = (("<!--", "-->"),)


@dataclass(frozen=True, slots=True)
class Syntax:
    """leaders: what starts a line comment. blocks: what encloses a block comment. nests: whether blocks nest."""

    leaders: tuple[str, ...] = ()
    blocks: Blocks = field(default=())
    nests: bool = False


ANYWHERE = Syntax(
    ("//", "#", "--", ";", "%", "!", "'", '"', "::", "@REM", "@rem", "REM", "rem"),
    (*C_BLOCK, *MARKUP, ("{#", "#}"), ("(*", "*)"), ("{-", "-}"), ("#|", "|#"), ("<#", "#>"), ("--[[", "]]")),
)
"""For comments of languages in other languages, and of those not listed, where a lexer says that they are comments."""

UNKNOWN = Syntax(("#", "//", "--", ";", "%"), (*C_BLOCK, *MARKUP))
"""For languages that neither the table nor a lexer knows."""

SYNTAX: dict[str, Syntax] = {}
"""Language id, as editors send it -> its comments."""

for _languages, _syntax in (
    ("python ruby perl shellscript sh bash zsh fish makefile make dockerfile yaml toml r elixir crystal tcl "
     "gdscript properties conf ini nix starlark awk graphql git-commit git-rebase gitignore", Syntax(HASH)),
    ("terraform hcl", Syntax(("#", "//"), C_BLOCK)),
    ("julia", Syntax(HASH, (("#=", "=#"),), nests=True)),
    ("nim", Syntax(HASH, (("#[", "]#"),), nests=True)),
    ("cmake", Syntax(HASH, (("#[[", "]]"),))),
    ("powershell", Syntax(HASH, (("<#", "#>"),))),
    ("coffeescript", Syntax(HASH, (("###", "###"),))),
    ("javascript javascriptreact typescript typescriptreact java c cpp csharp objective-c objective-cpp go groovy json "
     "jsonc json5 proto solidity verilog systemverilog glsl hlsl cuda-cpp less scss sass stylus prisma bicep",
     Syntax(SLASHES, C_BLOCK)),
    ("rust swift kotlin scala dart", Syntax(SLASHES, C_BLOCK, nests=True)),
    ("zig", Syntax(SLASHES)),
    ("d", Syntax(SLASHES, (*C_BLOCK, ("/+", "+/")))),
    ("fsharp", Syntax(SLASHES, (("(*", "*)"),), nests=True)),
    ("html xml svg vue svelte markdown mdx xhtml xsl razor", Syntax((), MARKUP)),
    ("astro", Syntax(SLASHES, (*MARKUP, *C_BLOCK))),
    ("handlebars mustache", Syntax((), (("{{!--", "--}}"), ("{{!", "}}"), *MARKUP))),
    ("jinja jinja-html django-html twig", Syntax((), (("{#", "#}"), *MARKUP))),
    ("erb eex heex", Syntax((), (("<%#", "%>"), ("<%!--", "--%>"), *MARKUP))),
    ("jsp", Syntax((), (("<%--", "--%>"), *MARKUP))),
    ("sql plsql", Syntax(DASHES, C_BLOCK)),
    ("lua", Syntax(DASHES, (("--[[", "]]"), ("--[=[", "]=]")))),
    ("haskell elm purescript", Syntax(DASHES, (("{-", "-}"),), nests=True)),
    ("ada vhdl", Syntax(DASHES)),
    ("lisp commonlisp scheme racket", Syntax((";",), (("#|", "|#"),), nests=True)),
    ("clojure emacs-lisp elisp asm fennel", Syntax((";",))),
    ("tex latex bibtex erlang postscript", Syntax(("%",))),
    ("prolog", Syntax(("%",), C_BLOCK)),
    ("matlab octave", Syntax(("%", "#"), (("%{", "%}"),))),
    ("css", Syntax((), C_BLOCK)),
    ("php", Syntax(("//", "#"), (*C_BLOCK, *MARKUP))),
    ("vim viml", Syntax(('"', "#"))),
    ("fortran fortran-modern", Syntax(("!",))),
    ("ocaml", Syntax((), (("(*", "*)"),), nests=True)),
    ("pascal", Syntax(SLASHES, (("{", "}"), ("(*", "*)")))),
    ("vb", Syntax(("'",))),
    ("bat", Syntax(("@REM", "@rem", "REM", "rem", "::"))),
):  # fmt: skip
    SYNTAX.update(dict.fromkeys(_languages.split(), _syntax))

LEXERS: dict[str, str | None] = {
    "commonlisp": "common-lisp",
    "cuda-cpp": "cuda",
    "django-html": "html+django",
    "elisp": "emacs-lisp",
    "fortran-modern": "fortran",
    "javascriptreact": "jsx",
    "jinja": "html+django",
    "jinja-html": "html+django",
    "jsonc": "json",
    "lisp": "common-lisp",
    "makefile": "make",
    "objective-cpp": "objective-c++",
    "php": "html+php",
    "proto": "protobuf",
    "shellscript": "bash",
    "svelte": "html",
    "svg": "xml",
    "twig": "html+twig",
    "typescriptreact": "tsx",
    "vb": "vb.net",
    "viml": "vim",
    "vue": "html",
    "xhtml": "html",
    "xsl": "xslt",
    # Their lexers don't know all their comments.
    "astro": None,
    "bat": None,
    "dockerfile": None,
    "eex": None,
    "erb": None,
    "git-commit": None,
    "git-rebase": None,
    "handlebars": None,
    "heex": None,
    "jsp": None,
    "markdown": None,
    "mdx": None,
    "mustache": None,
    "plaintext": None,
    "razor": None,
    "scss": None,
    "text": None,
    "yaml": None,
}
"""Language id -> Pygments' name for it, where the two differ; None: the table has to do."""
