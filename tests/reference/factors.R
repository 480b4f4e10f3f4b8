# Exploratory factor analysis of psych's bfi (listwise and pairwise) and of bank customers.
source("tests/reference/writing.R")
suppressMessages({library(psych); library(GPArotation)})
rows <- list()
add <- function(...) rows <<- c(rows, list(number(...)))
matrix_rows <- function(case, name, m) add(case, paste(name, as.vector(row(m)), as.vector(col(m))), as.vector(m))
plain <- function(x) matrix(as.numeric(x), nrow(x), ncol(x))
turned <- function(items) {
  for (item in intersect(names(items), c("A1", "C4", "C5", "E1", "E2", "O2", "O5"))) items[[item]] <- 7 - items[[item]]
  items
}
sets <- list(bfi = turned(bfi[complete.cases(bfi[, 1:25]), 1:25]), bank = shared("bank", "plspm_satisfaction.csv")[, 1:27])
factors <- c(bfi = 5, bank = 3)

for (set in names(sets)) {
  items <- sets[[set]]; R <- cor(items); n <- nrow(items); k <- ncol(items); m <- factors[[set]]
  kmo <- KMO(R)
  add(paste(set, "kmo"), c("overall", paste("item", seq_len(k))), c(kmo$MSA, kmo$MSAi))
  b <- cortest.bartlett(R, n = n)
  add(paste(set, "bartlett"), c("statistic", "df", "p_value"), c(b$chisq, b$df, b$p.value))
  # psych stops its optimiser early. factanal with a tight tolerance, and psych's principal axes iterated to
  # their end, which is the minres solution, give the optimum itself.
  ml <- factanal(items, m, rotation = "none", control = list(opt = list(factr = 10, pgtol = 0, maxit = 10000)))
  add(paste(set, "ml"), paste("uniqueness", seq_len(k)), ml$uniquenesses)
  add(paste(set, "ml"), c("discrepancy", "statistic", "df", "p_value"), c(ml$criteria["objective"], ml$STATISTIC, ml$dof, ml$PVAL))
  axes <- suppressWarnings(fa(R, m, n.obs = n, fm = "pa", rotate = "none", min.err = 1e-14, max.iter = 20000))
  add(paste(set, "minres"), paste("uniqueness", seq_len(k)), axes$uniquenesses)
  pa <- suppressWarnings(fa(R, m, n.obs = n, fm = "pa", rotate = "none"))
  add(paste(set, "principal_axis"), paste("communality", seq_len(k)), pa$communality)
  matrix_rows(paste(set, "principal_axis"), "loading", plain(pa$loadings))
  # psych as people run it
  f <- fa(R, m, n.obs = n, fm = "minres", rotate = "oblimin")
  matrix_rows(paste(set, "psych"), "loading", plain(f$loadings)); matrix_rows(paste(set, "psych"), "phi", plain(f$Phi))
  matrix_rows(paste(set, "psych"), "structure", plain(f$Structure))
  add(paste(set, "psych"), c(paste("communality", seq_len(k)), paste("complexity", seq_len(k))), c(f$communality, f$complexity))
  add(paste(set, "psych"), paste("ss_loadings", seq_len(m)), f$Vaccounted["SS loadings", ])
  # the fit that psych computes from exactly known loadings: those of principal axis above
  s <- factor.stats(R, plain(pa$loadings), n.obs = n)
  add(paste(set, "fit"), c("df", "discrepancy", "statistic", "p_value", "null_statistic", "null_df", "tli", "rmsea", "bic", "rmsr", "crms", "chi", "fit_off"),
      c(s$dof, s$objective, s$STATISTIC, s$PVAL, s$null.chisq, s$null.dof, s$TLI, s$RMSEA[1], s$BIC, s$rms, s$crms, s$chi, s$fit.off))
  add(paste(set, "fit"), c("psych_rmsea_low", "psych_rmsea_high"), s$RMSEA[2:3])
  ncp <- function(share) if (pchisq(s$STATISTIC, s$dof) <= share) 0 else
    uniroot(function(l) pchisq(s$STATISTIC, s$dof, l) - share, c(0, 10 * s$STATISTIC), tol = 1e-11)$root
  add(paste(set, "fit"), c("rmsea_low", "rmsea_high"), sqrt(c(ncp(0.95), ncp(0.05)) / (s$dof * (n - 1))))
  for (method in c("Thurstone", "Bartlett", "tenBerge")) {
    sc <- factor.scores(as.matrix(items), f = plain(pa$loadings), rho = R, method = method)
    matrix_rows(paste(set, "scores", method), "weight", plain(sc$weights))
    add(paste(set, "scores", method), paste("first", 1:20), as.vector(t(sc$scores[1:4, ]))[1:20])
    add(paste(set, "scores", method), paste("determinacy", seq_len(m)), sc$R2)
  }
}
pair <- cor(turned(bfi[, 1:25]), use = "pairwise")
matrix_rows("pairwise", "r", pair)
add("pairwise", c("n_least", "kmo"), c(min(pairwiseCount(bfi[, 1:25])), KMO(pair)$MSA))
write_reference("factors", rows, c("psych", "GPArotation"))
