# The ladder of invariance of ordered items in the identification of Wu and Estabrook, by lavaan and semTools.
source("tests/reference/writing.R")
suppressMessages({library(lavaan); library(semTools); library(psych)})
rows <- list()
add <- function(case, quantity, value) rows[[length(rows) + 1]] <<- number(case, quantity, value)
levels <- list(configural = "", thresholds = "thresholds", metric = c("thresholds", "loadings"),
               scalar = c("thresholds", "loadings", "intercepts"),
               strict = c("thresholds", "loadings", "intercepts", "residuals"))

ladder <- function(name, model, data, group, parameterization = "delta", missing = "listwise", partial = list()) {
  items <- lavNames(lavaanify(model), "ov")
  below <- NULL
  for (level in names(levels)[seq_len(if (parameterization == "theta") 5 else 4)]) {
    spec <- do.call(measEq.syntax, list(configural.model = model, data = data, ordered = items, group = group,
      parameterization = parameterization, ID.fac = "std.lv", ID.cat = "Wu.Estabrook.2016", missing = missing,
      group.equal = levels[[level]], group.partial = if (is.null(partial[[level]])) "" else partial[[level]]))
    f <- suppressWarnings(lavaan(as.character(spec), data, ordered = items, group = group, estimator = "WLSMV",
      parameterization = parameterization, missing = missing))
    stopifnot(lavInspect(f, "converged"))
    m <- fitMeasures(f)
    add(paste(name, level), c("n", "chi2", "df", "p", "plain", "cfi", "rmsea", "srmr"),
        c(sum(lavInspect(f, "nobs")), m[c("chisq.scaled", "df.scaled", "pvalue.scaled", "chisq", "cfi.scaled", "rmsea.scaled", "srmr")]))
    if (!is.null(below)) {
      t <- suppressWarnings(lavTestLRT(below, f))
      add(paste(name, level), c("difference", "difference_df", "difference_p"), as.numeric(t[2, c("Chisq diff", "Df diff", "Pr(>Chisq)")]))
    }
    below <- f
    if (level == "scalar") {
      e <- parameterEstimates(f)
      e <- e[e$op == "~1" & e$lhs %in% lavNames(f, "lv") & e$group > 1, ]
      for (i in seq_len(nrow(e))) add(paste(name, "mean", e$lhs[i], e$group[i]), c("mean", "se", "p", "low", "high"),
        as.numeric(e[i, c("est", "se", "pvalue", "ci.lower", "ci.upper")]))
    }
  }
}
two <- "agree =~ A1 + A2 + A3 + A4 + A5\n neuro =~ N1 + N2 + N3 + N4 + N5"
b <- psych::bfi
b$A1 <- 7 - b$A1
ladder("bfi delta", two, b, "gender")
ladder("bfi theta", two, b, "gender", "theta")
ladder("bfi pairwise", two, b, "gender", "theta", "pairwise")
b4 <- b[b$education %in% 2:5 & !is.na(b$education), ]
b4$education <- factor(b4$education, levels = 2:5)
ladder("education", "order =~ C1 + C2 + C3 + C4 + C5", b4, "education", "theta")
ladder("partial", "neuro =~ N1 + N2 + N3 + N4 + N5", b, "gender", "theta",
       partial = list(thresholds = "N1 | t1", metric = c("N1 | t1", "neuro =~ N3"),
                      scalar = c("N1 | t1", "neuro =~ N3", "N4 ~ 1"), strict = c("N1 | t1", "neuro =~ N3", "N4 ~ 1", "N5 ~~ N5")))
s <- shared("employees", "employee_engagement_fictional.csv")
s$mood <- factor(pmax(s$Happiness, 2))
for (i in c("Man1", "Man2", "Man3")) s[[i]] <- pmax(s[[i]], 2)
ladder("engagement", "work =~ Work1 + Work2 + Work3\n manager =~ Man1 + Man2 + Man3", s, "mood", "theta")
write_reference("invariance_ordered", rows, c("lavaan", "semTools", "psych"))
