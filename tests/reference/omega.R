# Omega, Guttman's lambdas and split halves by psych; omega, CR and AVE of a CFA by semTools; HTMT by semTools.
source("tests/reference/writing.R")
suppressMessages({library(psych); library(GPArotation); library(lavaan); library(semTools)})
rows <- list()
add <- function(...) rows <<- c(rows, list(number(...)))
bank <- shared("bank", "plspm_satisfaction.csv")[, 1:27]
turned <- bfi[complete.cases(bfi[, 1:25]), 1:25]
for (item in c("A1", "C4", "C5", "E1", "E2", "O2", "O5")) turned[[item]] <- 7 - turned[[item]]
sets <- list(bank = bank, bfi = turned[, 1:15], satloy = bank[, 20:27])
counts <- list(bank = c(3, 4), bfi = 3, satloy = 2)
for (set in names(sets)) for (m in counts[[set]]) {
  R <- cor(sets[[set]]); case <- paste(set, m)
  o <- suppressWarnings(psych::omega(R, nfactors = m, plot = FALSE, flip = FALSE, n.obs = nrow(sets[[set]])))
  add(case, c("psych_hierarchical", "psych_total", "psych_limit"), c(o$omega_h, o$omega.tot, o$omega.lim))
  add(case, paste("psych general", seq_len(nrow(R))), o$schmid$sl[, 1])
  # The same road with every step taken to its end
  pa <- suppressWarnings(fa(R, m, fm = "pa", rotate = "none", min.err = 1e-14, max.iter = 20000))
  q <- oblimin(matrix(as.numeric(pa$loadings), nrow(R)), eps = 1e-7, maxit = 5000)
  s <- ifelse(colSums(q$loadings) < 0, -1, 1)
  L <- q$loadings %*% diag(s); Phi <- diag(s) %*% q$Phi %*% diag(s)
  g <- if (m == 2) rep(sqrt(Phi[1, 2]), 2) else
    abs(as.numeric(suppressWarnings(fa(Phi, 1, fm = "pa", min.err = 1e-14, max.iter = 20000))$loadings))
  G <- L %*% g; S <- L %*% diag(sqrt(1 - g^2)); u <- 1 - G^2 - rowSums(S^2)
  add(case, c("hierarchical", "total", "ecv"), c(sum(G)^2 / sum(R), 1 - sum(u) / sum(R), sum(G^2) / (sum(G^2) + sum(S^2))))
}
halves <- list(sat = bank[, 20:23], qual = bank[, 11:15], satloy = bank[, 20:27], extra = turned[, 11:15])
for (set in names(halves)) {
  items <- halves[[set]]; R <- cor(items)
  s <- splitHalf(items, check.keys = FALSE); g <- suppressWarnings(guttman(R))
  add(paste("halves", set), c("lambda1", "lambda2", "lambda3", "lambda4", "lambda5", "lambda6", "worst", "mean"),
      c(g$lambda.1, s$lambda2, s$alpha, s$maxrb, g$lambda.5, s$lambda6, s$minrb, s$meanr))
  a <- rowSums(scale(items)[, seq(1, ncol(items), 2)]); b <- rowSums(scale(items)[, seq(2, ncol(items), 2)])
  add(paste("halves", set), c("odd_even_r", "odd_even"), c(cor(a, b), 2 * cor(a, b) / (1 + cor(a, b))))
  # Every split by a loop: psych looks at the first half of them only when the number of items is odd
  every <- apply(combn(ncol(R), ncol(R) %/% 2), 2, function(a) 4 * sum(R[a, -a]) / sum(R))
  add(paste("halves", set), c("every_best", "every_worst", "every_mean"), c(max(every), min(every), mean(every)))
  al <- psych::alpha(items, check.keys = FALSE, warnings = FALSE)$total$raw_alpha
  add(paste("halves", set), "raw_alpha", al)
  n <- nrow(items); k <- ncol(items)
  b <- 1 - exp(log(1 - al) - log(n / (n - 1)) + c(1, -1) * qnorm(.975) * sqrt(2 * k / ((k - 1) * (n - 2))))
  add(paste("halves", set), c("bonett_low", "bonett_high"), b)
}
model <- 'image =~ imag1 + imag2 + imag3 + imag4 + imag5
          quality =~ qual1 + qual2 + qual3 + qual4 + qual5
          satisfaction =~ sat1 + sat2 + sat3 + sat4
          loyalty =~ loy1 + loy2 + loy3 + loy4'
fit <- cfa(model, data = bank, std.lv = TRUE)
std <- standardizedSolution(fit); load <- std[std$op == "=~", ]
add("cfa", paste("loading", load$lhs, load$rhs), load$est.std)
lv <- lavInspect(fit, "cor.lv"); for (a in rownames(lv)) for (b in colnames(lv)) if (a < b) add("cfa", paste("correlation", a, b), lv[a, b])
est <- parameterEstimates(fit)
raw <- est[est$op == "=~", ]; add("cfa", paste("raw", raw$lhs, raw$rhs), raw$est)
err <- est[est$op == "~~" & est$lhs == est$rhs & est$lhs %in% raw$rhs, ]; add("cfa", paste("error", err$lhs), err$est)
for (name in names(compRelSEM(fit, obs.var = FALSE))) add("cfa", paste("omega", name), compRelSEM(fit, obs.var = FALSE)[[name]])
# CR and AVE of the standardised solution: semTools gives those of the fitted items when they are standardised
stdfit <- cfa(model, data = as.data.frame(scale(bank)) * sqrt(250 / 249), std.lv = TRUE)
for (name in names(AVE(stdfit))) add("cfa", paste("ave", name), AVE(stdfit, obs.var = FALSE)[[name]])
for (name in names(AVE(stdfit))) add("cfa", paste("cr", name), compRelSEM(stdfit, obs.var = FALSE)[[name]])
for (version in c("htmt", "htmt2")) {
  h <- htmt(model, data = bank, htmt2 = version == "htmt2")
  for (a in rownames(h)) for (b in colnames(h)) if (a < b) add(version, paste(a, b), if (is.na(h[a, b]) || h[a, b] == 0) h[b, a] else h[a, b])
}
big <- 'A =~ A1 + A2 + A3 + A4 + A5
        C =~ C1 + C2 + C3 + C4 + C5
        E =~ E1 + E2 + E3 + E4 + E5'
all <- bfi[, 1:25]; for (item in c("A1", "C4", "C5", "E1", "E2", "O2", "O5")) all[[item]] <- 7 - all[[item]]
whole <- all[complete.cases(all[, 1:15]), 1:15]
for (version in c("htmt", "htmt2")) {
  h <- htmt(big, data = whole, htmt2 = version == "htmt2")
  for (a in rownames(h)) for (b in colnames(h)) if (a < b) add(paste("bfi", version), paste(a, b), if (is.na(h[a, b]) || h[a, b] == 0) h[b, a] else h[a, b])
}
write_reference("omega", rows, c("psych", "GPArotation", "lavaan", "semTools"))
