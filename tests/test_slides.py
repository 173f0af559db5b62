"""The rule that makes slides of a chapter's page: what is shown, in which order, what is split."""

import re

import pytest
from bs4 import BeautifulSoup

from tools.slides import listing, room
from tools.slides.layout import lay_out
from tools.slides.parts import Part, kind, parts
from tools.slides.rule import chapter
from tools.slides.sentences import length, sentences
from tools.slides.write import make

FIGURE = """<figure id="fig-1"><img alt="Dots lie low." src="../_images/a.svg"/><figcaption>
<p><span class="caption-number">Fig. 1.1 </span>Dots.</p></figcaption></figure>"""
EXPLORER = """<figure class="explorer" id="e"><input id="e-n" type="range"/>
<img alt="Lines." src="data:,"/></figure>"""


def cell(source="", output="", *, tag=""):
    """A cell as the book shows it."""
    shown = f'<div class="cell_output">{output}</div>' if output else ""
    return f"""<div class="cell {tag}"><div class="cell_input"><pre>{source}</pre></div>
{shown}</div>"""


def printed(text):
    return f'<div class="output stream"><pre>{text}\n</pre></div>'


def predict(question, answer):
    return f'<details class="predict"><summary>{question}</summary><p>{answer}</p></details>'


def slides_of(*sections, lead="<p>It begins.</p>"):
    """Slides of a chapter with these sections, each a pair of heading and content."""
    inside = "".join(f"<section><h2>{name}</h2>{html}</section>" for name, html in sections)
    page = f"<article><section><h1>1. Title</h1>{lead}{inside}</section></article>"
    return chapter(page)


def slides(html, name="Section"):
    return slides_of((name, html))[1:]


def shown(made):
    """All that stands on slides, in order."""
    return "".join(slide.main + slide.side for slide in made)


LONG = 3 * (
    "This sentence goes on and on, with one clause after another, none of which adds to what the "
    "others say, so that no class could possibly be asked to read it while somebody talks to them "
    "about something else. "
)


# --- sentences ------------------------------------------------------------------------------------


def tag(html):
    return BeautifulSoup(html, "html.parser").contents[0]


@pytest.mark.parametrize(
    ("html", "count"),
    [
        ("One. Two! Three? Four", 4),
        ("See e.g. Figure 1, i.e. the dots. Then go.", 2),
        ("It is 0.5 of them. 3 are left.", 2),
        (r'Let <span class="math">\(x. Y\)</span> be. <span class="math">\(Z\)</span> is.', 2),
        ("<strong>More.</strong> A slope varies.", 2),
        ("It holds. (Why? Because it does. So there.) It ends.", 3),
        ("“Quite.” She left.", 2),
        ("no end", 1),
    ],
)
def test_sentences_end_where_they_end(html, count):
    found = sentences(tag(f"<p>{html}</p>"))
    assert len(found) == count, found
    assert " ".join(found) == html


def test_a_formula_counts_as_it_is_set_not_as_it_is_written():
    assert length(r"so \(\mathrm{N}(\mu_\alpha, \sigma_\alpha)\) is") < 20
    assert length("a <strong>b</strong> c") == 5


# --- prose ----------------------------------------------------------------------------------------


def test_prose_is_reduced_to_how_a_section_begins_and_what_a_result_shows():
    made = slides(
        f"<p>A section begins. {LONG}</p><p>Nobody needs this. {LONG}</p>"
        f"{cell('print(1)', printed('1'))}<p>One was seen. {LONG}</p>"
    )
    text = shown(made)
    assert "A section begins." in text
    assert "One was seen." in text
    assert "Nobody needs this." not in text
    assert "goes on and on" not in text
    assert "Nobody needs this." in made[0].notes
    assert made[0].notes.count("goes on and on") == 9


@pytest.mark.parametrize(
    "sentence",
    [
        "Here <strong>pooling</strong> is defined.",
        'There were <span class="pasted-text">1.23</span> in all.',
        'Look at <span class="std std-numref">Fig. 1.1</span> for that.',
    ],
)
def test_terms_numbers_and_figures_are_kept_wherever_they_stand(sentence):
    text = shown(slides(f"<p>Begin.</p><p>{LONG} {sentence} {LONG}</p>"))
    assert sentence in text
    assert "goes on and on" not in text


def test_a_formula_keeps_what_leads_to_it_and_what_goes_on():
    math = r'<div class="math">\[a = b\]</div>'
    made = slides(
        rf"<p>Begin.</p><p>{LONG} It is then</p>{math}<p>where it ends. {LONG}</p>"
        rf"{math}<p>A new thought. {LONG}</p>"
    )
    text = shown(made)
    assert text.count(r"\[a = b\]") == 2
    assert "It is then" in text
    assert "where it ends." in text
    assert "A new thought." not in text


def test_a_sentence_comes_with_the_one_that_it_leans_on():
    text = shown(slides(f"<p>Begin.</p><p>{LONG} We count. That is <strong>coverage</strong>.</p>"))
    assert "We count. That is" in text
    head = shown(slides(f"<p>Begin.</p><p><strong>A head.</strong> Its text. {LONG}</p>"))
    assert "</strong> Its text." in head


def test_a_short_paragraph_is_kept_whole_but_not_its_aside():
    made = slides("<p>Begin. It is <strong>x</strong>. (An aside. It is long.) And then.</p>")
    assert shown(made) == "<p>Begin. It is <strong>x</strong>. And then.</p>"
    assert "(An aside. It is long.)" in made[0].notes


def test_links_and_ids_stay_in_the_book():
    html = (
        '<p>See <a class="reference" href="../x.html">chapter 2</a>.<a class="headerlink">#</a></p>'
    )
    made = slides(html + FIGURE_CELL)
    assert "See chapter 2." in shown(made)
    assert "<a" not in shown(made)
    assert "id=" not in shown(made)
    assert "#" not in shown(made)


FIGURE_CELL = cell("plot()", FIGURE, tag="tag_hide-input")


# --- cells ----------------------------------------------------------------------------------------


def test_code_is_shown_with_what_it_gave_and_without_housekeeping():
    source = "x = 1\nassert x == 1\nglue('x', x)\nprint(x)"
    text = shown(slides("<p>Begin.</p>" + cell(source, printed("1"))))
    plain = re.sub("<[^>]*>", "", text)
    assert "x = 1\nprint(x)" in plain
    assert "glue" not in plain
    assert "assert" not in plain


@pytest.mark.parametrize(
    ("source", "kept"),
    [
        ("for a in b:\n    glue('a', a)\nx = 2", "x = 2"),
        ("for a in b:\n    glue('a', a)\n    print(a)", "for a in b:\n    print(a)"),
        ("assert (\n    a\n    == b\n)\ny", "y"),
        ("import a\nfrom b import c", ""),
        ("import a\nprint(a)", "import a\nprint(a)"),
        ("show_source(f)", ""),
        ("explorers.data_explorer()", ""),
        ("a = 1\n\n\nb = 2", "a = 1\n\nb = 2"),
    ],
)
def test_what_of_a_cell_is_for_the_class(source, kept):
    assert listing.for_class(source) == kept


def test_code_that_prints_nothing_is_long_or_hidden_stays_in_the_book():
    silent = cell("quiet = 1")
    long = cell("\n".join(f"a{k} = {k}" for k in range(11)), printed("eleven"))
    hidden = cell("plot()", FIGURE, tag="tag_hide-input")
    made = slides("<p>Begin.</p>" + silent + long + hidden)
    plain = re.sub("<[^>]*>", "", shown(made))
    assert not {"quiet", "a10", "plot"} & set(re.findall(r"\w+", plain))
    assert "eleven" in plain
    assert "quiet" in re.sub("<[^>]*>", "", shown(slides(cell("quiet = 1", tag="tag_slide"))))


def test_a_source_is_shown_if_it_is_not_too_long():
    def source(lines):
        text = "def f():\n" + "    go()\n" * (lines - 1)
        return cell("show_source(f)", f'<div class="highlight-python"><pre>{text}</pre></div>')

    assert "small" in shown(slides(source(listing.MOST_LINES_OF_SOURCE)))
    assert slides("<p>Begin.</p>" + source(listing.MOST_LINES_OF_SOURCE + 1))[0].notes.count("long")


def test_a_figure_has_its_text_at_its_side_and_its_alt_text():
    (slide,) = slides(f"<p>Look.</p>{FIGURE_CELL}<p>Dots were seen. {LONG}</p>")
    assert slide.kind == "figure"
    assert 'alt="Dots lie low."' in slide.main
    assert "Fig. 1.1" in slide.main
    assert "Look." in slide.side
    assert "Dots were seen." in slide.side
    assert "Dots lie low." in slide.notes


# --- predictions ----------------------------------------------------------------------------------


def test_a_prediction_stands_before_the_result_and_its_answer_is_hidden_at_first():
    question = predict("Predict, then open: more or less?", "<strong>More.</strong> It adds up.")
    first, second = slides(f"<p>Begin.</p>{question}{cell('print(1)', printed('result'))}")
    assert first.kind == "predict"
    assert "More or less?" in first.main
    assert re.search(r'class="answer fragment"><strong>More', first.main)
    assert "result" not in first.main
    assert "result" in second.main


def test_questions_of_an_explorer_are_answered_after_it():
    group = predict("1. First?", "Yes.") + predict("2. Second?", "No.")
    made = slides(f"<p>Begin.</p>{group}{cell('explorers.e()', EXPLORER)}<p>It moved. {LONG}</p>")
    assert [slide.kind for slide in made] == ["predict", "explorer", "answers"]
    assert "Yes." not in made[0].main
    assert "<li>First?" in made[0].main
    assert 'id="e-n"' in made[1].main  # its label needs it
    assert made[2].main.count("answer fragment") == 2
    assert "It moved." in made[2].notes


# --- special sections -----------------------------------------------------------------------------


def test_quiz_has_a_slide_for_each_question_and_hides_what_is_right():
    option = '<details class="quiz {}"><summary>{}</summary><p>{}</p></details>'
    options = option.format("wrong", "No", "It is not.") + option.format("right", "Yes", "It is.")
    question = "<p><strong>{}. Is it?</strong></p>"
    made = slides("<p>Choose.</p>" + "".join(question.format(k) + options for k in (1, 2)), "Quiz")
    assert [slide.kind for slide in made] == ["quiz", "quiz"]
    assert "1. Is it?" in made[0].main
    assert "2. Is it?" in made[1].main
    marked = re.findall(r'<span class="right fragment custom" [^>]*>(.*?)</span>', made[0].main)
    assert marked == ["Yes"]
    assert re.search(r'class="answer fragment" data-fragment-index="0"><p>It is.', made[0].main)
    assert "It is not." not in made[0].main
    assert "It is not." in made[0].notes


def test_exercises_are_listed_by_name():
    exercise = """<div class="exercise admonition"><p class="admonition-title">
<span class="caption-number">Exercise 1.1 </span> (Twins (easy))</p>
<section><p>Do.</p></section></div>"""
    (slide,) = slides(exercise, "Exercises")
    assert "Twins (easy)</li>" in slide.main
    assert "Do." not in slide.main


def test_first_slide_is_the_title_and_subsections_follow_their_section():
    sub = "<section><h3>Below</h3><p>Deep.</p></section>"
    made = slides_of(("Above", f"<p>High.</p>{sub}"), ("Next", "<p>Far.</p>"))
    assert [slide.heading for slide in made] == ["1. Title", "Above", "Below", "Next"]
    assert made[0].kind == "title"
    assert "It begins." in made[0].main


# --- room -----------------------------------------------------------------------------------------


def test_a_long_section_is_split_and_nothing_is_lost():
    results = "".join(cell(f"print({k})", printed("\n".join([f"line{k}"] * 6))) for k in range(8))
    items = "".join(f"<li>Item{k} says {'much ' * 30}</li>" for k in range(12))
    made = slides(f"<p>Begin.</p>{results}<ol>{items}</ol>")
    assert len(made) > 4
    for slide in made:
        limit = room.SMALLER if slide.size == "small-letters" else 1
        assert sum(part.height for part in slide.body) <= limit * room.HEIGHT
        assert slide.heading == "Section"
    text = shown(made)
    assert [text.count(f"line{k}") for k in range(8)] == [6] * 8
    assert [text.count(f"Item{k} ") for k in range(12)] == [1] * 12
    assert re.findall(r'start="(\d+)"', text) == [str(k) for k in range(1, 13)]


def test_what_announces_a_formula_goes_with_it_to_the_next_slide():
    full = Part("output", "full", room.HEIGHT - 80)
    lead = Part("prose", "lead", 60, leads=True)
    made = lay_out("Section", [full, lead, Part("math", "formula", 200)])
    assert [slide.main for slide in made] == ["full", "lead\nformula"]


def test_a_small_leftover_goes_back_in_smaller_letters():
    first = Part("output", "most", room.HEIGHT - 20)
    made = lay_out("Section", [first, Part("prose", "rest", 60)])
    assert [slide.size for slide in made] == ["small-letters"]
    apart = lay_out("Section", [first, Part("prose", "rest", room.LEFTOVER + 1)])
    assert len(apart) == 2


def test_little_text_is_set_larger_and_a_statement_larger_still():
    assert slides("<p>A short thing.</p>")[0].size == "statement"
    short = "<p>Begin.</p>" + cell("print(1)", printed("1"))
    assert slides(short)[0].size == "large"
    wide = "<p>Begin.</p>" + cell("print(1)", printed("x" * 80))
    assert slides(wide)[0].size == ""


def test_notes_of_a_section_with_nothing_to_show_are_not_lost():
    made = lay_out(
        "Section", [Part("aside", notes="said"), Part("figure", "f"), Part("figure", "g")]
    )
    assert [slide.main for slide in made] == ["f", "g"]
    assert made[0].notes == "said"


# --- faults ---------------------------------------------------------------------------------------


def test_an_element_that_no_rule_knows_is_an_error_that_says_where_to_look():
    with pytest.raises(ValueError, match=r"'marquee'|<marquee.*parts\.py"):
        slides("<p>Begin.</p><marquee>Well</marquee>")


def test_other_parts_of_a_page_are_known():
    assert kind(tag('<div class="note admonition"><p>Mind.</p></div>')) == "aside"
    assert not [p for p in parts(tag("<section><h2>A</h2><hr/></section>")) if p.html]


def test_a_book_older_than_its_notebooks_is_refused(tmp_path):
    with pytest.raises(ValueError, match="newer than the book: run `make book`"):
        make(tmp_path, tmp_path / "slides")
    assert not (tmp_path / "slides").exists()


def test_a_cell_over_several_columns_hides_no_column():
    """Nine wide columns need more than a line a row, also where a row has two cells alone."""
    wide, spanned = [12] * 9, [12, 30]
    assert room.table([wide, spanned], []) == room.table([wide, wide], [])
