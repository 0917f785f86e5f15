import re

from gis.leaderboard.page.svg import Styles, inline_svg

SVG = """<?xml version="1.0" encoding="utf-8" standalone="no"?>
<svg xmlns:xlink="http://www.w3.org/1999/xlink" width="100pt" height="50pt" viewBox="0 0 100 50"
 xmlns="http://www.w3.org/2000/svg" version="1.1">
 <title>a &lt;b&gt;</title>
 <metadata>who made it</metadata>
 <defs><style type="text/css">*{stroke-linejoin: round}</style></defs>
 <g id="figure_1"><g>
  <defs><path id="m1" d="M 0 0 L 0.123456 3.5" style="stroke: #222222"/></defs>
  <path d="M 10.123456 20.5 L 30 40" clip-path="url(#c1)" style="fill: none; stroke: #222222"/>
  <use xlink:href="#m1" x="12.345678" y="9" style="stroke: #222222"/>
  <text style="font: 9px 'DejaVu Sans'" transform="rotate(-0 1 2)" x="1" y="2">x &lt; y</text>
 </g></g>
 <defs><clipPath id="c1"><rect x="0" y="0" width="5" height="5"/></clipPath></defs>
</svg>"""


def test_a_drawing_has_no_style_attributes_and_no_stylesheet_of_its_own() -> None:
    styles = Styles()
    svg = inline_svg(SVG, "k", "what it shows", styles)
    assert "style" not in svg
    assert set(re.findall(r'class="(\w+)"', svg)) == {"s0", "s1", "s2"}
    assert styles.css() == (".s0{stroke:var(--ink)}\n.s1{fill:none;stroke:var(--ink)}\n.s2{font:9px 'DejaVu Sans'}\n")


def test_ids_begin_with_the_key_and_every_reference_finds_its_element() -> None:
    svg = inline_svg(SVG, "k", "what it shows", Styles())
    ids = re.findall(r' id="([^"]+)"', svg)
    assert len(ids) == len(set(ids))
    assert all(name.startswith("k") for name in ids)
    assert set(re.findall(r"(?:url\(#|href=\"#)([^\")]+)", svg)) <= set(ids)


def test_a_screen_reader_hears_the_title_and_what_it_shows() -> None:
    svg = inline_svg(SVG, "k", "what it shows", Styles())
    assert 'role="img" aria-labelledby="k-title k-desc"' in svg
    assert '<title id="k-title">a &lt;b&gt;</title><desc id="k-desc">what it shows</desc>' in svg


def test_texts_stay_texts_and_coordinates_are_short() -> None:
    svg = inline_svg(SVG, "k", "what it shows", Styles())
    assert ">x &lt; y</text>" in svg
    assert 'd="M10.1 20.5L30 40"' in svg
    assert 'd="M0 0L0.12 3.5"' in svg
    assert "rotate" not in svg
