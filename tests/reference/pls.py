"""Writes pls.csv with plspm, which the project does not depend on, from data beside the project.

python tests/reference/pls.py     (in an environment with plspm)
"""

from pathlib import Path

BANK = {
    "imag": [],
    "expe": ["imag"],
    "qual": ["expe"],
    "val": ["expe", "qual"],
    "sat": ["imag", "expe", "qual", "val"],
    "loy": ["imag", "sat"],
}
REPUTATION = {
    "qual": [],
    "perf": [],
    "csor": [],
    "attr": [],
    "comp": ["qual", "perf", "csor", "attr"],
    "like": ["qual", "perf", "csor", "attr"],
    "cusa": ["comp", "like"],
    "cusl": ["comp", "like", "cusa"],
}
FORMATIVE = {"qual", "perf", "csor", "attr"}


def main() -> None:
    from importlib.metadata import version

    import pandas as pd
    import plspm.config as c
    from plspm.mode import Mode
    from plspm.plspm import Plspm
    from plspm.scheme import Scheme

    shared = Path(__file__).parents[3] / "shared" / "data" / "bank"
    rows = []
    for case, file, design in (
        ("bank", "plspm_satisfaction.csv", BANK),
        ("reputation", "corporate_reputation_347.csv", REPUTATION),
    ):
        data = pd.read_csv(shared / file)
        data = data.drop(columns=[name for name in data if name.endswith("global") or name == "gender"])
        blocks = {lv: [name for name in data if name.rstrip("0123456789").rstrip("_") == lv] for lv in design}
        data = data[[item for block in blocks.values() for item in block]]
        data = (data - data.mean()) / data.std(ddof=0)  # plspm takes them as they are
        for scheme in ("CENTROID", "FACTORIAL", "PATH"):
            structure = c.Structure()
            for target, sources in design.items():
                if sources:
                    structure.add_path([name.upper() for name in sources], [target.upper()])
            config = c.Config(structure.path(), scaled=False)
            for lv, block in blocks.items():
                mode = Mode.B if case == "reputation" and lv in FORMATIVE else Mode.A
                config.add_lv(lv.upper(), mode, *[c.MV(item) for item in block])
            fit = Plspm(data, config, Scheme[scheme], 1000, 1e-16)
            key = f"{case} {scheme.lower()}"
            table = fit.path_coefficients()
            for target, sources in design.items():
                for source in sources:
                    rows.append(
                        f"{key},path {source} {target},{table.loc[target.upper(), source.upper()]:.17g}"
                    )
            for item, found in fit.outer_model().iterrows():
                rows.append(f"{key},loading {item},{found['loading']:.17g}")
                rows.append(f"{key},weight {item},{found['weight']:.17g}")
            for lv, found in fit.inner_summary().iterrows():
                rows.append(f"{key},r_squared {lv.lower()},{found['r_squared']:.17g}")
            for _, found in fit.effects().iterrows():
                rows.append(
                    f"{key},total {found['from'].lower()} {found['to'].lower()},{found['total']:.17g}"
                )
            rows.append(f"{key},n,{len(data)}")
    target = Path(__file__).with_suffix(".csv")
    target.write_text(
        "\n".join([f"# plspm (Python) {version('plspm')}", "case,quantity,value", *rows]) + "\n"
    )


if __name__ == "__main__":
    main()
