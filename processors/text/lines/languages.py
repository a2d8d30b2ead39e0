"""The languages that are known: their files, their comments, and what their lines look like."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from processors.text.lines import syntax as of
from processors.text.lines.syntax import Syntax

# What a fair share of a language's lines of code have.
_STATEMENTS = r"[;{}]\s*$|^\s*(?:@|#)\w|[,(]\s*$|^\s*\)"
_PYTHON = (
    r"^\s*(?:def|class|import|from|if|elif|else|for|while|with|try|except|return|raise|async|@|assert|yield)\b"
    r"|^\s*[\w.\[\]\"', ]{1,80} [-+*/|&]?= |\w\(|[:,(\[{]\s*$|^\s*[)\]}]|[,\"']\s{1,20}#"
)
_BLOCKS = r"^\s*(?:end|if|def|do|function|local|return|then|else|for|while|module|class|use|require)\b|[=(){}]|\bdo\b"
_SHELL = (
    r"^\s*(?:if|fi|then|else|elif|for|do|done|case|esac|while|echo|export|set|cd|exit|return|local|source|function|"
    r"sudo|mkdir|rm|cp|mv|cat|test)\b|^\s*\w+=|^\s*\w+ ?\(\)|\$[\w{(]|;;|^\s*[\[{}]|\| "
)
_KEYS = r"^\s*(?:- )?[\w.\"'/$-]{1,200}\s*[:=]|^\s*-\s|^\s*\[|^---|[\]},]\s*$"
_FUNCTIONS = r"::|->|<-|=|^\s*(?:import|module|let|where|in|open|type|data|match|with|of|then|else)\b|\|"
_DECLARATIONS = (
    r"(?i)[;]\s*$|^\s*(?:begin|end|if|then|else|select|from|where|create|insert|update|values|and|or)\b|[,(]\s*$"
)
_TAGS = r"<[/?!A-Za-z]|/?>\s*$"
_LISTS = r"^\s*[(\[]|\)\s*$"
_MARKS = r"[=(){}\[\]%:,+]"


@dataclass(frozen=True, slots=True)
class Language:
    """`names` are whole names of files; `aliases` are what shebangs and modelines call it, beside its own name."""

    name: str
    extensions: str
    syntax: Syntax
    looks: str
    names: str = ""
    aliases: str = ""


LANGUAGES: Sequence[Language] = (
    Language("ada", "adb ads ada", of.DASHES, _DECLARATIONS),
    Language("assembly", "asm s", of.ASSEMBLY, r"^\s*[.\w]+:|^\s+[a-zA-Z.]{2,}\b", aliases="asm nasm"),
    Language("batch", "bat cmd", of.BATCH, r"(?i)^\s*(?:@|set|echo|if|for|call|goto|:|cd|exit|copy|del)|%"),
    Language("c", "c h", of.C, _STATEMENTS),
    Language("c#", "cs", of.C, _STATEMENTS, aliases="csharp cs"),
    Language("c++", "cc cpp cxx c++ hh hpp hxx ino", of.C, _STATEMENTS, aliases="cpp"),
    Language("clojure", "clj cljs cljc edn", of.LISP, _LISTS),
    Language("cmake", "cmake", of.HASH, r"\(|\)", names="cmakelists.txt"),
    Language("css", "css", of.CSS, _STATEMENTS),
    Language("dart", "dart", of.NESTING, _STATEMENTS),
    Language("dockerfile", "dockerfile", of.HASH, r"^[A-Z]{2,12} |\\\s*$|^\s+", names="dockerfile containerfile"),
    Language("elixir", "ex exs", of.Syntax(("#",), quotes=(of.TRIPLE, of.DOUBLE)), _BLOCKS, aliases="elixir"),
    Language("erlang", "erl hrl", of.ERLANG, r"[.,;]\s*$|->", aliases="escript"),
    Language("f#", "fs fsx fsi", of.Syntax(("//",), (("(*", "*)"),), quotes=(of.TRIPLE, of.DOUBLE)), _FUNCTIONS),
    Language("fortran", "f f90 f95 f03 for", of.FORTRAN,
        r"(?i)^\s*(?:end|do|if|call|use|real|integer|subroutine)\b|[=&]"),
    Language("go", "go", of.GO, r"[{}(),]\s*$|:=|^\s*(?:func|import|package|return|var|type|if|for|case)\b"),
    Language("graphql", "graphql gql", of.HASH, _KEYS),
    Language("groovy", "groovy gradle", of.JAVA, rf"{_STATEMENTS}|\w \w|=", names="jenkinsfile"),
    Language("haskell", "hs lhs", of.HASKELL, _FUNCTIONS, aliases="runhaskell"),
    Language("hcl", "tf hcl tfvars", of.HCL, rf"{_STATEMENTS}|="),
    Language("ini", "ini cfg conf properties", of.INI, _KEYS),
    Language("java", "java", of.JAVA, _STATEMENTS),
    Language("javascript", "js mjs cjs jsx", of.SCRIPT, rf"{_STATEMENTS}|=|\)", aliases="node js javascript deno bun"),
    Language("julia", "jl", of.JULIA, _BLOCKS),
    Language("kotlin", "kt kts", of.NESTING, rf"{_STATEMENTS}|[=()]"),
    Language("lisp", "lisp lsp cl el scm rkt ss", of.LISP, _LISTS, aliases="scheme racket sbcl emacs-lisp"),
    Language("lua", "lua", of.LUA, _BLOCKS, aliases="luajit"),
    Language("makefile", "mk mak", of.PLAIN_HASH, r"^[\w./%$()-]+.*:|^\t|=|\\\s*$",
        names="makefile gnumakefile", aliases="make"),
    Language("matlab", "", of.PERCENT, r";\s*$|[=()]", aliases="octave"),
    Language("nix", "nix", of.Syntax(("#",), of.C_BLOCKS, quotes=(of.LONG_DOUBLE,)), r"[=;{}\[\]:]"),
    Language("objective-c", "mm", of.C, _STATEMENTS, aliases="objc"),
    Language("ocaml", "ml mli", of.ML, _FUNCTIONS),
    Language("pascal", "pas pp dpr", of.PASCAL, _DECLARATIONS),
    Language("perl", "pl pm t", of.PERL, _STATEMENTS),
    Language("php", "php phtml", of.PHP, rf"{_STATEMENTS}|<\?php|\$\w"),
    Language("powershell", "ps1 psm1 psd1", of.POWERSHELL, r"\$\w|[{}|]\s*$|^\s*[A-Z]\w+-[A-Z]\w+", aliases="pwsh"),
    Language("protobuf", "proto", of.C, _STATEMENTS),
    Language("python", "py pyi pyw", of.PYTHON, _PYTHON, names="sconstruct", aliases="python2 python3 pypy pypy3"),
    Language("r", "r", of.HASH, r"<-|[(){},]|=", aliases="rscript"),
    Language("ruby", "rb rake gemspec", of.RUBY, _BLOCKS, names="rakefile gemfile"),
    Language("rust", "rs", of.RUST, rf"{_STATEMENTS}|^\s*(?:fn|use|let|pub|mod|impl|match)\b"),
    Language("scala", "scala sc", of.NESTING, rf"{_STATEMENTS}|[=()]"),
    Language("scss", "scss sass less", of.C, rf"{_STATEMENTS}|:"),
    Language("shell", "sh bash zsh ksh fish", of.SHELL, _SHELL, names=".bashrc .profile .zshrc",
        aliases="sh bash zsh ksh dash fish"),
    Language("sql", "sql ddl", of.SQL, _DECLARATIONS),
    Language("swift", "swift", of.NESTING, rf"{_STATEMENTS}|[=()]"),
    Language("tex", "tex sty cls bib ltx", of.PERCENT, r"\\[a-zA-Z]+|[{}]|^@\w+", aliases="latex"),
    Language("toml", "toml", of.TOML, _KEYS),
    Language("typescript", "ts tsx mts cts", of.SCRIPT, rf"{_STATEMENTS}|=|\)", aliases="ts-node tsx"),
    Language("vhdl", "vhd vhdl", of.DASHES, _DECLARATIONS),
    Language("verilog", "v sv svh", of.C, _STATEMENTS),
    Language("visual basic", "vb bas vbs", of.Syntax(("'",), quotes=(of.Quote('"', escapes=False),)),
        r"(?i)^\s*(?:end|dim|sub|if|public|private|set|next|for)\b|[=()]"),
    Language("xml", "xml xsd xsl xslt plist csproj", of.MARKUP, _TAGS),
    Language("yaml", "yaml yml", of.HASH, _KEYS),
    Language("zig", "zig", of.Syntax(("//",), quotes=(of.DOUBLE, of.SINGLE)), _STATEMENTS),
)  # fmt: skip

MEDIA_TYPES: Mapping[str, str] = {
    "application/javascript": "javascript",
    "application/toml": "toml",
    "application/xml": "xml",
    "application/yaml": "yaml",
    "text/css": "css",
    "text/javascript": "javascript",
    "text/xml": "xml",
}


@cache
def by_name() -> Mapping[str, Language]:
    """By extension, by whole name, and by what shebangs and modelines say, each with a mark of its own."""
    found: dict[str, Language] = {}
    for language in LANGUAGES:
        found |= {f".{extension}": language for extension in language.extensions.split()}
        found |= {f"/{name}": language for name in language.names.split()}
        found |= {f"!{alias}": language for alias in (language.name, *language.aliases.split())}
    return found


@cache
def looks(language: Language) -> re.Pattern[str]:
    return re.compile(language.looks)
