"""Draws `switchgear top` as a page of HTML, out of the screen of a real terminal: for docs/top.png.

    SWITCHGEAR_BINARY=... picture.py ADMIN_URL

Shows the page of `payment` until a line comes on standard input, and then writes the HTML."""
import html
import select
import sys

from screen import BINARY, Terminal

# Of a dark terminal: what pyte calls the colours that `top` uses.
COLOURS = {"default": "#d8dee6", "green": "#4cd08a", "red": "#ff7b7f", "brown": "#f5b948", "cyan": "#67c7e6",
           "blue": "#6aa7ff", "magenta": "#d59bff", "white": "#ffffff", "black": "#151c25"}
STYLE = """body { margin: 0; background: #151c25; }
pre { margin: 0; padding: 14px 18px; width: max-content; color: #d8dee6; font: 14px/1.25 "DejaVu Sans Mono", monospace; }"""


def cell(char):
    ink, paper = char.fg, char.bg
    if char.reverse:
        ink, paper = ("black" if paper == "default" else paper), ("white" if ink == "default" else ink)
    style = f"color:{COLOURS[ink]}"
    if paper != "default":
        style += f";background:{COLOURS[paper]}"
    if char.bold:
        style += ";font-weight:700"
    return style, char.data


def page(screen):
    rows = []
    for y in range(screen.lines):
        spans, last = [], None
        for x in range(screen.columns):
            style, text = cell(screen.buffer[y][x])
            if style != last:
                spans.append([style, ""])
                last = style
            spans[-1][1] += text
        rows.append("".join(f'<span style="{style}">{html.escape(text)}</span>' for style, text in spans))
    return f"<!doctype html><meta charset=utf-8><style>{STYLE}</style><pre>" + "\n".join(rows) + "</pre>"


def main():
    terminal = Terminal([BINARY, "top", "--admin", sys.argv[1]], columns=112, rows=28)
    terminal.wait_for("payment").press("/payment\r")
    terminal.wait_for(lambda it: "inventory" not in it.text).press("\r")
    while not select.select([sys.stdin], [], [], 0)[0]:
        terminal._read(0.2)
    print(page(terminal.screen))
    terminal.press("q")
    return terminal.wait_for_end()


if __name__ == "__main__":
    sys.exit(main())
