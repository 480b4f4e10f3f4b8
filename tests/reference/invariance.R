# The ladder of invariance of nine tests over two schools, and of two scales over education, by lavaan.
source("tests/reference/writing.R")
suppressMessages({library(lavaan); library(psych)})
rows <- list()
add <- function(case, quantity, value) rows[[length(rows) + 1]] <<- number(case, quantity, value)
tight <- list(iter.max = 20000, eval.max = 20000, rel.tol = 1e-14, x.tol = 1e-14, abs.tol = 0)
shared <- list(configural = "", metric = "loadings", scalar = c("loadings", "intercepts"),
               strict = c("loadings", "intercepts", "residuals"))

ladder <- function(name, model, data, group, estimator, missing = "listwise", partial = "") {
  below <- NULL
  for (level in names(shared)) {
    f <- suppressWarnings(cfa(model, data, group = group, estimator = estimator, group.equal = shared[[level]], missing = missing,
             group.partial = partial, control = tight, optim.force.converged = TRUE, em.h1.tol = 1e-13, em.h1.iter.max = 20000, meanstructure = TRUE))
    m <- fitMeasures(f)
    robust <- estimator == "MLR"
    pick <- function(n) unname(m[if (robust) paste0(n, ".scaled") else n])
    add(paste(name, level), c("n", "chi2", "df", "p", "srmr", "plain_cfi", "plain_rmsea"),
        c(nobs(f), pick("chisq"), pick("df"), pick("pvalue"), m["srmr"], m["cfi"], m["rmsea"]))
    if (!is.null(below)) {
      t <- lavTestLRT(below, f)
      add(paste(name, level), c("difference", "difference_df", "difference_p"), as.numeric(t[2, c("Chisq diff", "Df diff", "Pr(>Chisq)")]))
    }
    below <- f
    if (level == "scalar") {
      e <- parameterEstimates(f)
      e <- e[e$op == "~1" & e$lhs %in% lavNames(f, "lv") & e$group == 2, ]
      for (i in seq_len(nrow(e))) add(paste(name, "mean", e$lhs[i]), c("mean", "se", "p", "low", "high"),
        as.numeric(e[i, c("est", "se", "pvalue", "ci.lower", "ci.upper")]))
    }
  }
}
hs <- "visual =~ x1 + x2 + x3\n textual =~ x4 + x5 + x6\n speed =~ x7 + x8 + x9"
d <- HolzingerSwineford1939
d$school <- factor(d$school, levels = c("Pasteur", "Grant-White"))
ladder("schools ML", hs, d, "school", "ML")
ladder("schools MLR", hs, d, "school", "MLR")
ladder("schools partial", hs, d, "school", "MLR", partial = c("x3 ~ 1", "x7 ~ 1"))
b <- psych::bfi
b <- b[, c("A1", "A2", "A3", "A4", "A5", "N1", "N2", "N3", "N4", "N5", "gender")]; b$A1 <- 7 - b$A1
ladder("bfi MLR", "agree =~ A1 + A2 + A3 + A4 + A5\n neuro =~ N1 + N2 + N3 + N4 + N5", b, "gender", "MLR")
ladder("bfi fiml", "agree =~ A1 + A2 + A3 + A4 + A5\n neuro =~ N1 + N2 + N3 + N4 + N5", b, "gender", "MLR", "fiml")
write_reference("invariance", rows, c("lavaan", "psych"))
