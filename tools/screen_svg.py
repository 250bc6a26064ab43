# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""A screen of pyte as an SVG picture, for the docs. Blocks, lines and braille are shapes: a viewer needs no font that has
them, and neighbours touch. The same screen gives the same bytes."""
from html import escape

WIDE, HIGH, PAD, ROUND = 8.4, 18, 12, 8  # of a cell, and around the screen
GROUND, INK = '#15181e', '#d5dae1'
SIXTEEN = {'black': '#000000', 'red': '#e5534b', 'green': '#57ab5a', 'brown': '#c69026', 'blue': '#539bf5', 'magenta': '#b083f0',
           'cyan': '#39c5cf', 'white': '#adbac7', 'brightblack': '#636e7b', 'brightred': '#ff938a', 'brightgreen': '#6bc46d',
           'brightbrown': '#daaa3f', 'brightblue': '#6cb6ff', 'brightmagenta': '#dcbdfb', 'brightcyan': '#56d4dd',
           'brightwhite': '#f0f6fc'}
SHADES = {'░': .22, '▒': .5, '▓': .75}
LINES = {'─': 'lr', '│': 'ud', '├': 'udr', '└': 'ur', '┌': 'dr', '┐': 'dl', '┘': 'ul', '┤': 'udl', '┬': 'ldr', '┴': 'lur', '┼': 'lrud'}
BRAILLE = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))  # column and row of each bit


def colour(name, default):
    if name == 'default':
        return default
    return SIXTEEN.get(name) or '#' + name


def look(cell):
    """Ink and ground of a cell."""
    ink, ground = colour(cell.fg, INK), colour(cell.bg, GROUND)
    if cell.reverse:
        ink, ground = ground, ink
    if cell.italics and cell.fg == 'default':  # dim
        ink = '#8b949e'
    return ink, ground


def number(value):
    return f'{value:.2f}'.rstrip('0').rstrip('.')


def rect(x, y, wide, high):
    return f'M{number(x)} {number(y)}h{number(wide)}v{number(high)}h-{number(wide)}z'


def shape(text, x, y):
    """The path of a drawn character; None: a letter."""
    code = ord(text) if len(text) == 1 else 0
    if 0x2581 <= code <= 0x2588:
        part = HIGH * (code - 0x2580) / 8
        return rect(x, y + HIGH - part, WIDE, part)
    if 0x2589 <= code <= 0x258f:
        return rect(x, y, WIDE * (0x2590 - code) / 8, HIGH)
    if text == '▀':
        return rect(x, y, WIDE, HIGH / 2)
    if text in SHADES:
        return rect(x, y, WIDE, HIGH)
    if 0x2800 <= code <= 0x28ff:
        return ''.join(rect(x + WIDE * (.18 + .5 * column), y + HIGH * (.07 + .25 * row), 1.8, 1.8)
                       for bit, (column, row) in enumerate(BRAILLE) if code - 0x2800 >> bit & 1)
    if text in LINES:
        mid, level, path = x + WIDE / 2 - .5, y + HIGH / 2 - .5, ''
        path += rect(x, level, WIDE / 2 + .5, 1) if 'l' in LINES[text] else ''
        path += rect(mid, level, WIDE / 2 + .5, 1) if 'r' in LINES[text] else ''
        path += rect(mid, y, 1, HIGH / 2 + .5) if 'u' in LINES[text] else ''
        path += rect(mid, level, 1, HIGH / 2 + .5) if 'd' in LINES[text] else ''
        return path
    return None


def runs(row, columns):
    """Neighbours of one look: (first column, text, cell)."""
    at, text, last = 0, '', None
    for x in range(columns):
        cell = row[x]
        kind = (look(cell), cell.bold, cell.underscore, shape(cell.data or ' ', 0, 0) is not None and cell.data)
        if kind != last:
            if text:
                yield at, text, row[at]
            at, text, last = x, '', kind
        text += cell.data
    if text:
        yield at, text, row[at]


def svg(screen, title):
    wide, high = screen.columns * WIDE + 2 * PAD, screen.lines * HIGH + 2 * PAD
    grounds, shapes, letters = {}, {}, []
    for line in range(screen.lines):
        y = PAD + line * HIGH
        for at, text, cell in runs(screen.buffer[line], screen.columns):
            x, (ink, ground) = PAD + at * WIDE, look(cell)
            if ground != GROUND:
                grounds[ground] = grounds.get(ground, '') + rect(x, y, len(text) * WIDE, HIGH)
            if shape(text[0], 0, 0) is not None:
                key = ink, SHADES.get(text[0], 1)
                if text[0] in SHADES or text[0] in '█▀▁▂▃▄▅▆▇':  # one for the whole run
                    one = shape(text[0], x, y)
                    path = one.replace(f'h{number(WIDE)}', f'h{number(len(text) * WIDE)}').replace(
                        f'h-{number(WIDE)}', f'h-{number(len(text) * WIDE)}')
                else:
                    path = ''.join(shape(c, x + i * WIDE, y) for i, c in enumerate(text))
                shapes[key] = shapes.get(key, '') + path
            elif text.strip():
                lead = len(text) - len(text.lstrip())
                x, text = x + lead * WIDE, text.strip()
                letters.append(f'<text x="{number(x)}" y="{number(y + 13.5)}" textLength="{number(len(text) * WIDE)}" fill="{ink}"'
                               + (' font-weight="bold"' if cell.bold else '')
                               + (' text-decoration="underline"' if cell.underscore else '') + f'>{escape(text)}</text>')
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {number(wide)} {number(high)}" width="{number(wide)}" '
           f'height="{number(high)}" font-family="ui-monospace,Menlo,Consolas,DejaVu Sans Mono,monospace" font-size="14" '
           f'xml:space="preserve" role="img"><title>{escape(title)}</title>',
           f'<rect width="100%" height="100%" rx="{ROUND}" fill="{GROUND}"/>']
    out += [f'<path fill="{ground}" d="{path}"/>' for ground, path in grounds.items()]
    out += [f'<path fill="{ink}"' + (f' opacity="{shade}"' if shade < 1 else '') + f' d="{path}"/>'
            for (ink, shade), path in shapes.items()]
    return '\n'.join(out + letters + ['</svg>', ''])
