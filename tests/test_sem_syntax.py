"""Model text to statements, statements to parameters."""

import math

import numpy as np
import pandas as pd
import pytest

from analysis.sem.errors import ModelError, SyntaxFaults
from analysis.sem.expressions import Dual, Expression
from analysis.sem.model import Model
from analysis.sem.syntax import read_model

TEXT = """
# a comment
visual =~ x1 + a*x2 +
   c(1, NA)*x3   ! continued
textual =~ NA*x4 + start(0.5)*lab*x5 + x6; textual ~~ 1*textual
x1 ~ 0*1; x2 + x3 ~ c(i, j)*1
textual ~ -0.5*visual + 1e-2*age
u | t1 + 0.3*t2
u ~*~ 1*u
ab := a*lab^2
a == lab
lab > 0.1
"""


def test_every_kind_of_statement_is_read():
    model = read_model(TEXT)
    read = {(s.left, s.op, s.right): s for s in model.statements}
    assert read["visual", "=~", "x2"].labels == ("a",)
    one, two = read["visual", "=~", "x3"].fixed
    assert one == 1.0
    assert math.isnan(two)
    assert math.isnan(read["textual", "=~", "x4"].value_in(0))
    assert read["textual", "=~", "x5"].start == (0.5,)
    assert read["textual", "=~", "x5"].labels == ("lab",)
    assert read["x1", "~1", ""].fixed == (0.0,)
    assert read["x2", "~1", ""].label_in(1) == read["x3", "~1", ""].label_in(1) == "j"
    assert read["textual", "~", "visual"].fixed == (-0.5,)
    assert read["textual", "~", "age"].fixed == (0.01,)
    assert read["u", "|", "t2"].fixed == (0.3,)
    assert ("u", "~*~", "u") in read
    assert [(c.left, c.op) for c in model.constraints] == [("ab", ":="), ("a", "=="), ("lab", ">")]
    assert read["visual", "=~", "x3"].line == 3


def test_every_fault_is_told_at_once_with_its_line_and_remedy():
    with pytest.raises(SyntaxFaults) as caught:
        read_model(
            "F =~\nb ~ b\nx ~ 2\nq := z*2\nF =~ x1 + + x2\nG =~ x:z\nG <~ x\n3x ~ y\nG =~ y + (z\n"
            "G =~ ?*y\nlevel: 1\nr := s + 1\ns := 2\nG =~ r*y\nH =~ start(x)*y\nt := open(os)\nF <= 3"
        )
    told = {(case.line, case.problem) for case in caught.value.cases}
    for line, words in [
        (1, "nothing stands to the right of =~"),
        (2, "b would depend on itself"),
        (3, "neither a name nor an intercept"),
        (4, "no parameter is labelled z"),
        (5, "not a name"),
        (6, "is a product"),
        (7, "composites"),
        (8, "'3x' is not a name"),
        (9, "bracket is not closed"),
        (10, "is not a modifier"),
        (11, "blocks are not known"),
        (12, "s is not defined yet"),
        (12, "r is already the label"),
        (15, "'x' is not a number"),
        (16, "only exp, log"),
        (17, "<= is not an operator"),
    ]:
        assert any(at == line and words in problem for at, problem in told), (line, words)
    assert all(case.remedy for case in caught.value.cases)
    assert "line 2, 'b ~ b': b would depend on itself. Name another" in str(caught.value)


def test_an_empty_text_says_what_a_model_is():
    with pytest.raises(SyntaxFaults, match="satisfaction =~ s1"):
        read_model("  # nothing\n")


@pytest.mark.parametrize(
    ("text", "value", "slopes"),
    [
        ("a*b", 6, (3, 2)),
        ("a^2 - b/2", 2.5, (4, -0.5)),
        ("-(a + 1)*exp(0)", -3, (-1, 0)),
        ("sqrt(a*2) + log(b)", 2 + math.log(3), (0.5, 1 / 3)),
        ("a^b", 8, (12, 8 * math.log(2))),
        ("abs(-a) + tanh(0)", 2, (1, 0)),
        ("(a - b)^2", 1, (-2, 2)),
    ],
)
def test_formulas_know_their_slopes(text, value, slopes):
    values = {"a": Dual(2.0, np.array([1.0, 0])), "b": Dual(3.0, np.array([0, 1.0]))}
    dual = Expression.read(text).evaluate(values)
    assert dual.value == pytest.approx(value)
    assert dual.gradient == pytest.approx(np.array(slopes))


def test_dots_belong_to_names_and_numbers():
    assert Expression.read("b.one*0.5 + .x1").names == {"b.one", ".x1"}


def row(table, name, group=0):
    return next(p for p in table.parameters if p.name == name and p.group == group)


def test_the_rules_add_what_is_not_written():
    table = Model.from_text("F =~ a + b + c\nG =~ d + e + f\nG ~ F + x + y").table(mean_structure=True)
    assert row(table, "F =~ a").value == 1.0
    assert row(table, "F =~ b").free is not None
    assert row(table, "x ~~ y").from_data
    assert row(table, "x ~ 1").from_data
    assert row(table, "F ~ 1").value == 0.0
    assert row(table, "a ~ 1").free is not None
    assert table.exogenous == ("x", "y")
    assert "F ~~ G" not in {p.name for p in table.parameters}
    assert table.n_free == 4 + 3 + 6 + 2 + 6


def test_outcomes_that_predict_nothing_covary():
    names = {p.name for p in Model.from_text("F =~ a + b + c\ny ~ F\nz ~ F").table().parameters}
    assert "y ~~ z" in names


def test_standardized_identification_moves_the_scale_to_the_variance():
    table = Model.from_text("F =~ a + b + c", identification="standardized").table(
        ("l", "r"), group_equal=("loadings",)
    )
    assert row(table, "F =~ a").free == row(table, "F =~ a", 1).free is not None
    assert row(table, "F ~~ F").value == 1.0
    assert row(table, "F ~~ F", 1).free is not None


def test_groups_share_what_they_are_asked_to():
    model = Model.from_text("F =~ a + b + c\nG =~ d + e + f")
    table = model.table(
        ("l", "r"),
        group_equal=("loadings", "intercepts", "residuals"),
        group_partial=("F =~ b", "c~1", "e ~~ e"),
        mean_structure=True,
    )
    for name, shared in [
        ("F =~ b", False),
        ("F =~ c", True),
        ("c ~ 1", False),
        ("a ~ 1", True),
        ("e ~~ e", False),
        ("d ~~ d", True),
        ("F ~~ G", False),
    ]:
        assert (row(table, name).free == row(table, name, 1).free) is shared, name
    assert row(table, "F ~ 1").value == 0.0
    assert row(table, "F ~ 1", 1).free is not None


def test_constructs_make_models():
    constructs = {"F": ["a", "b", "c"], "G": ["d", "e", "f"]}
    assert Model.from_constructs(constructs) == Model.from_text("F =~ a + b + c\nG =~ d + e + f")
    second = Model.from_constructs(constructs, second_order="H").table()
    assert row(second, "H =~ G").free is not None
    assert "F ~~ G" not in {p.name for p in second.parameters}
    general = Model.from_constructs(constructs, general="All")
    assert general.orthogonal
    assert [s.right for s in general.statements if s.left == "All"] == list("abcdef")
    with pytest.raises(ModelError, match="not both"):
        Model.from_constructs(constructs, second_order="H", general="All")
    with pytest.raises(ModelError, match="No items are given for G"):
        Model.from_constructs({"F": ["a", "b", "c"], "G": []})


def test_names_may_be_in_any_script():
    table = Model.from_text("满意 =~ 题1 + 题2 + 题3").table()
    assert table.latent == ("满意",)
    assert isinstance(table.to_frame(), pd.DataFrame)
