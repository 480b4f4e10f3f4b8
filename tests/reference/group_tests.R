# Two groups, all pairs, equivalence, paired yes-or-no answers, factorial analyses of (co)variance.
source("tests/reference/writing.R")
suppressMessages({library(car); library(emmeans); library(effectsize); library(rstatix); library(coin)})
rows <- list()
add <- function(case, quantity, value) rows[[length(rows) + 1]] <<- number(case, quantity, value)
s <- small()

# Brunner and Munzel (2000), equations 4.1 to 4.6, written out.
brunner <- function(x, y) {
  m <- length(x); n <- length(y); r <- rank(c(x, y)); rx <- rank(x); ry <- rank(y)
  p <- (mean(r[m + 1:n]) - (n + 1) / 2) / m
  vx <- sum((r[1:m] - rx - mean(r[1:m]) + (m + 1) / 2)^2) / (m - 1)
  vy <- sum((r[m + 1:n] - ry - mean(r[m + 1:n]) + (n + 1) / 2)^2) / (n - 1)
  N <- m + n
  stat <- m * n * (mean(r[m + 1:n]) - mean(r[1:m])) / (N * sqrt(m * vx + n * vy))
  df <- (m * vx + n * vy)^2 / ((m * vx)^2 / (m - 1) + (n * vy)^2 / (n - 1))
  se <- sqrt(vx / (m * n^2) + vy / (n * m^2))
  c(1 - p, se, df, -stat, 2 * pt(-abs(stat), df), plogis(qlogis(1 - p) + c(-1, 1) * qt(0.975, df) * se / (p * (1 - p))))
}
two <- function(case, a, b) {
  a <- a[!is.na(a)]; b <- b[!is.na(b)]
  t <- t.test(a, b, var.equal = TRUE); w <- wilcox.test(a, b, exact = FALSE, correct = FALSE)
  add(case, c("student_t", "student_p", "u", "u_p", "rank_biserial", "variance_ratio"),
      c(t$statistic, t$p.value, w$statistic, w$p.value, effectsize::rank_biserial(a, b, ci = NULL)$r_rank_biserial,
        var.test(a, b)$estimate))
  d <- data.frame(x = c(a, b), g = factor(rep(c("a", "b"), c(length(a), length(b)))))
  add(case, "u_exact_p", coin::pvalue(coin::wilcox_test(x ~ g, d, distribution = "exact")))
  cd <- effectsize::cohens_d(a, b)
  add(case, c("cohens_d", "cohens_d_low", "cohens_d_high"), unlist(cd[c("Cohens_d", "CI_low", "CI_high")]))
  add(case, c("superiority", "se", "df", "bm", "bm_p", "low", "high"), brunner(a, b))
  for (margin in c(0.5, 3)) {
    low <- t.test(a, b, mu = -margin, alternative = "greater"); high <- t.test(a, b, mu = margin, alternative = "less")
    ci <- t.test(a, b, conf.level = 0.9)$conf.int
    add(paste(case, margin), c("above_lower", "below_upper", "low", "high"), c(low$p.value, high$p.value, ci))
  }
}
two("SAT1 by SEX", s$SAT1[which(s$SEX == 1)], s$SAT1[which(s$SEX == 2)])
two("LOY of tiers", s$LOY[which(s$TIER == 4)], s$LOY[which(s$TIER == 1)])
two("NPS of tiers", s$NPS[which(s$TIER == 2)], s$NPS[which(s$TIER == 3)])

pairs_of <- function(case, d, y) {
  d <- na.omit(data.frame(y = d[[y]], g = factor(d$TIER)))
  tk <- TukeyHSD(aov(y ~ g, d))$g
  lsd <- pairwise.t.test(d$y, d$g, p.adjust.method = "none")$p.value
  dn <- rstatix::dunn_test(d, y ~ g, p.adjust.method = "holm")
  k <- nlevels(d$g)
  for (i in seq_len(nrow(tk))) {
    g <- strsplit(rownames(tk)[i], "-")[[1]]
    name <- paste(case, g[1], g[2])
    add(name, c("difference", "low", "high", "tukey_p"), c(tk[i, c("diff", "lwr", "upr")], ptukey(abs(tk[i, "diff"]) /
        sqrt(sum(residuals(aov(y ~ g, d))^2) / df.residual(aov(y ~ g, d)) * (1 / sum(d$g == g[1]) + 1 / sum(d$g == g[2]))) * sqrt(2),
        k, df.residual(aov(y ~ g, d)), lower.tail = FALSE)))
    add(name, "lsd_p", lsd[g[1], g[2]])
    z <- dn[dn$group1 == g[2] & dn$group2 == g[1], ]
    add(name, c("dunn_z", "dunn_p"), c(z$statistic, z$p.adj))
    a <- d$y[d$g == g[1]]; b <- d$y[d$g == g[2]]; r <- rank(c(a, b)); n <- length(r); m1 <- length(a); m2 <- length(b)
    t <- table(r)
    z <- (sum(r[seq_len(m1)]) - m1 * (n + 1) / 2) / sqrt(m1 * m2 / 12 * (n + 1 - sum(t^3 - t) / (n * (n - 1))))
    add(name, c("steel_z", "steel_p"), c(z, ptukey(abs(z) * sqrt(2), k, Inf, lower.tail = FALSE)))
  }
}
pairs_of("SAT1", s, "SAT1"); pairs_of("LOY", s, "LOY")

for (pair in list(c("CH_1", "CH_2"), c("CH_2", "CH_3"))) {
  d <- na.omit(s[pair]); t <- table(factor(d[[1]], 0:1), factor(d[[2]], 0:1))
  b <- t[2, 1]; c <- t[1, 2]; e <- binom.test(b, b + c)
  m <- mcnemar.test(t, correct = FALSE)
  add(paste(pair, collapse = " "), c("n", "b", "c", "chi2", "p", "exact", "odds", "low", "high"),
      c(nrow(d), b, c, m$statistic, m$p.value, e$p.value, b / c, e$conf.int / (1 - e$conf.int)))
}

factorial <- function(case, formula, d, type, means) {
  op <- options(contrasts = c("contr.sum", "contr.poly")); on.exit(options(op))
  fit <- lm(formula, d); a <- car::Anova(fit, type = type)
  keep <- setdiff(rownames(a), c("(Intercept)", "Residuals"))
  e <- effectsize::eta_squared(a, partial = TRUE, alternative = "two.sided")
  add(case, c("n", "df", "ms"), c(nobs(fit), df.residual(fit), sigma(fit)^2))
  for (t in keep) {
    i <- e$Parameter == t
    f <- a[t, "F value"]; df1 <- a[t, "Df"]; df2 <- df.residual(fit)
    lim <- sapply(c(0.975, 0.025), function(p) if (pf(f, df1, df2) < p) 0 else
      uniroot(function(nc) pf(f, df1, df2, ncp = nc) - p, c(0, 400), tol = 1e-13)$root)
    add(paste(case, t), c("ss", "df", "f", "p", "eta", "low", "high"),
        c(a[t, "Sum Sq"], df1, f, a[t, "Pr(>F)"], e$Eta2_partial[i], lim / (lim + df1 + df2 + 1)))
  }
  for (f in means) {
    m <- as.data.frame(suppressMessages(emmeans::emmeans(fit, f)))
    for (i in seq_len(nrow(m))) add(paste(case, f, m[i, 1]), c("mean", "se", "low", "high"), as.numeric(m[i, c("emmean", "SE", "lower.CL", "upper.CL")]))
  }
}
d <- s; d$TIER <- factor(d$TIER); d$SEX <- factor(d$SEX)
factorial("two way II", LOY ~ TIER * SEX, na.omit(d[c("LOY", "TIER", "SEX")]), 2, c("TIER", "SEX"))
factorial("two way III", LOY ~ TIER * SEX, na.omit(d[c("LOY", "TIER", "SEX")]), 3, c("TIER", "SEX"))
factorial("main II", SAT1 ~ TIER + SEX, na.omit(d[c("SAT1", "TIER", "SEX")]), 2, c("TIER", "SEX"))
factorial("covariance II", LOY ~ SAT1 + NPS + TIER, na.omit(d[c("LOY", "SAT1", "NPS", "TIER")]), 2, "TIER")
factorial("covariance III", LOY ~ SAT1 + TIER * SEX, na.omit(d[c("LOY", "SAT1", "TIER", "SEX")]), 3, c("TIER", "SEX"))
write_reference("group_tests", rows, c("car", "emmeans", "effectsize", "rstatix", "coin"))
