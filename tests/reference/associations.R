# Means, repeated answers, regression, drivers, mediation and agreement of the small survey and of real data.
source("tests/reference/writing.R")
suppressMessages({library(effectsize); library(sandwich); library(lavaan); library(psych); library(car)})
rows <- list()
add <- function(case, quantity, value) rows[[length(rows) + 1]] <<- number(case, quantity, value)
s <- small()
ncp_t <- function(t, df) sapply(c(0.975, 0.025), function(p)
  uniroot(function(nc) pt(t, df, ncp = nc) - p, t + c(-9, 9), tol = 1e-13)$root)

one <- function(case, x, mu) {
  x <- x[!is.na(x)]; n <- length(x); t <- t.test(x, mu = mu)
  d <- effectsize::cohens_d(x, mu = mu)
  add(case, c("n", "mean", "sd", "t", "df", "p", "low", "high", "d", "d_low", "d_high", "effectsize_low", "effectsize_high"),
      c(n, mean(x), sd(x), t$statistic, t$parameter, t$p.value, t$conf.int, d$Cohens_d,
        ncp_t(t$statistic, n - 1) / sqrt(n), d$CI_low, d$CI_high))
}
one("one SAT1", s$SAT1, 3); one("one LOY", s$LOY, 50)

two <- function(case, a, b) {
  a <- a[!is.na(a)]; b <- b[!is.na(b)]; t <- t.test(a, b); g <- effectsize::hedges_g(a, b)
  m <- length(a) + length(b) - 2; u <- sqrt(1 / length(a) + 1 / length(b))
  pooled <- sqrt(((length(a) - 1) * var(a) + (length(b) - 1) * var(b)) / m)
  J <- exp(lgamma(m / 2) - log(sqrt(m / 2)) - lgamma((m - 1) / 2))
  nct <- ncp_t((mean(a) - mean(b)) / pooled / u, m) * u * J
  add(case, c("n1", "n2", "t", "df", "p", "difference", "low", "high", "se", "g", "g_low", "g_high", "effectsize_low", "effectsize_high"),
      c(length(a), length(b), t$statistic, t$parameter, t$p.value, mean(a) - mean(b), t$conf.int, t$stderr,
        g$Hedges_g, nct, g$CI_low, g$CI_high))
}
two("two SAT1 by SEX", s$SAT1[s$SEX == 1], s$SAT1[s$SEX == 2])
two("two LOY tiers", s$LOY[which(s$TIER == 4)], s$LOY[which(s$TIER == 1)])

within <- function(case, plus, minus) {
  keep <- complete.cases(plus, minus)
  d <- round(rowMeans(plus[keep, , drop = FALSE]) - rowMeans(minus[keep, , drop = FALSE]), 12); n <- length(d)
  t <- t.test(d); w <- suppressWarnings(wilcox.test(d, exact = FALSE, correct = FALSE))
  add(case, c("n", "difference", "sd", "low", "high", "t", "df", "p", "d_z", "d_low", "d_high", "v", "wilcoxon_p", "rank_biserial"),
      c(n, mean(d), sd(d), t$conf.int, t$statistic, t$parameter, t$p.value, mean(d) / sd(d),
        ncp_t(t$statistic, n - 1) / sqrt(n), w$statistic, w$p.value,
        effectsize::rank_biserial(d, ci = NULL)$r_rank_biserial))
}
within("within", s[c("SAT1", "SAT2")], s[c("SAT3", "SAT4")])
within("within one", s["SAT2"], s["SAT4"])

items <- c("SAT1", "SAT2", "SAT3", "SAT4")
m <- as.matrix(na.omit(s[items])); f <- friedman.test(m)
add("friedman", c("n", "chi2", "df", "p", "w"), c(nrow(m), f$statistic, f$parameter, f$p.value,
    effectsize::kendalls_w(m, ci = NULL)$Kendalls_W))
pairs <- combn(items, 2)
p <- apply(pairs, 2, function(z) suppressWarnings(wilcox.test(m[, z[1]], m[, z[2]], paired = TRUE, exact = FALSE, correct = FALSE)$p.value))
for (i in seq_along(p)) {
  t <- t.test(m[, pairs[1, i]], m[, pairs[2, i]], paired = TRUE)
  add(paste("friedman", paste(pairs[, i], collapse = "-")), c("p", "holm", "difference", "low", "high"),
      c(p[i], p.adjust(p, "holm")[i], t$estimate, t$conf.int))
}
ch <- as.matrix(na.omit(s[c("CH_1", "CH_2", "CH_3")])); k <- ncol(ch)
# For 0 and 1 Friedman's test corrected for ties is Cochran's Q.
q <- friedman.test(ch)
add("cochran", c("n", "q", "df", "p", "effect"), c(nrow(ch), q$statistic, q$parameter, q$p.value, q$statistic / nrow(ch) / (k - 1)))
for (v in colnames(ch)) {
  ci <- prop.test(sum(ch[, v]), nrow(ch), correct = FALSE)$conf.int
  add(paste("cochran", v), c("share", "low", "high"), c(mean(ch[, v]), ci))
}
pairs <- combn(colnames(ch), 2)
mc <- lapply(seq_len(ncol(pairs)), function(i) mcnemar.test(table(factor(ch[, pairs[1, i]], 0:1), factor(ch[, pairs[2, i]], 0:1)), correct = FALSE))
p <- sapply(mc, function(z) z$p.value)
for (i in seq_along(p)) add(paste("cochran", paste(pairs[, i], collapse = "-")), c("chi2", "p", "holm"),
  c(mc[[i]]$statistic, p[i], p.adjust(p, "holm")[i]))

ols <- function(case, d, y, xs, clusters = NULL) {
  d <- na.omit(d[c(y, xs, clusters)]); fit <- lm(reformulate(xs, y), d); z <- as.data.frame(scale(d[c(y, xs)]))
  beta <- coef(lm(reformulate(xs, y), z))[-1]
  V <- if (is.null(clusters)) vcovHC(fit, type = "HC3") else vcovCL(fit, cluster = d[[clusters]], type = "HC1")
  se <- sqrt(diag(V)); df <- if (is.null(clusters)) fit$df.residual else length(unique(d[[clusters]])) - 1
  add(case, c("n", "intercept", "r_squared", "adjusted", "df"),
      c(nrow(d), coef(fit)[1], summary(fit)$r.squared, summary(fit)$adj.r.squared, df))
  v <- if (length(xs) > 1) car::vif(fit) else setNames(1, xs)
  for (x in xs) add(paste(case, x), c("b", "se", "low", "high", "p", "beta", "vif"),
    c(coef(fit)[x], se[x], coef(fit)[x] + c(-1, 1) * qt(0.975, df) * se[x], 2 * pt(-abs(coef(fit)[x] / se[x]), df), beta[x], v[x]))
}
ols("ols small", s, "LOY", c("SAT1", "SAT2", "NPS"))
ols("ols small one", s, "LOY", "SAT1")
staff <- shared("employees", "ibm_hr_attrition.csv"); names(staff)[1] <- "Age"
ols("ols staff clusters", staff, "MonthlyIncome", c("Age", "JobInvolvement", "TotalWorkingYears"), "JobRole")
ols("ols staff", staff, "MonthlyIncome", c("Age", "JobInvolvement", "TotalWorkingYears"))

d <- na.omit(s[c("LOY", "SAT1", "SAT2")]); pop <- function(x) (x - mean(x)) / sqrt(mean((x - mean(x))^2))
z <- as.data.frame(lapply(d, pop)); fit <- lm(LOY ~ SAT1 * SAT2, z); b <- coef(fit)
add("moderation", c("n", "product", "low", "middle", "high"), c(nrow(d), b[4], b[2] - b[4], b[2], b[2] + b[4]))

rsq <- function(d, y, xs) if (length(xs)) summary(lm(reformulate(xs, y), d))$r.squared else 0
importance <- function(case, d, y, xs) {
  d <- na.omit(d[c(y, xs)]); k <- length(xs)
  R <- cor(d); e <- eigen(R[xs, xs]); half <- e$vectors %*% diag(sqrt(e$values)) %*% t(e$vectors)
  johnson <- half^2 %*% solve(half, R[xs, y])^2
  for (j in seq_along(xs)) {
    lmg <- 0
    others <- setdiff(xs, xs[j])
    for (size in 0:(k - 1)) {
      sets <- if (size == 0) list(character()) else combn(others, size, simplify = FALSE)
      lmg <- lmg + mean(sapply(sets, function(u) rsq(d, y, c(u, xs[j])) - rsq(d, y, u))) / k
    }
    add(paste(case, xs[j]), c("lmg", "johnson"), c(lmg, johnson[j]))
  }
  add(case, c("n", "r_squared", "adjusted"), c(nrow(d), rsq(d, y, xs), summary(lm(reformulate(xs, y), d))$adj.r.squared))
}
importance("drivers small", s, "LOY", c("SAT1", "SAT2", "SAT3", "NPS"))
sq <- shared("bank", "service_quality_SQ.csv")
importance("drivers bank", sq, "sat", c("a01", "a05", "a09", "a13", "a17", "a21"))
d <- na.omit(s[c("LOY", "SAT1", "SAT2", "NPS")])
base <- lm(LOY ~ SAT1, d); full <- lm(LOY ~ SAT1 + SAT2 + NPS, d); a <- anova(base, full)
add("added", c("n", "base", "full", "gain", "f", "df1", "df2", "p"),
    c(nrow(d), summary(base)$r.squared, summary(full)$r.squared, summary(full)$adj.r.squared - summary(base)$adj.r.squared,
      a$F[2], a$Df[2], a$Res.Df[2], a$`Pr(>F)`[2]))

path <- function(case, d, model) {
  fit <- lavaan::sem(model, as.data.frame(scale(na.omit(d))), missing = "listwise")
  e <- standardizedSolution(fit); e <- e[e$label != "" | e$op == ":=", ]
  add(case, "n", lavInspect(fit, "nobs")); add(case, ifelse(e$op == ":=", e$lhs, e$label), e$est.std)
}
path("mediation small", s[c("SAT1", "NPS", "LOY")], "NPS ~ a*SAT1\nLOY ~ b*NPS + cp*SAT1\nindirect := a*b\ntotal := a*b + cp")
path("serial small", s[c("SAT1", "SAT2", "NPS", "LOY")],
     "SAT2 ~ a1*SAT1\nNPS ~ a2*SAT1 + d*SAT2\nLOY ~ b1*SAT2 + b2*NPS + cp*SAT1\nserial := a1*d*b2\nfirst := a1*b1\nsecond := a2*b2\ntotal := a1*d*b2 + a1*b1 + a2*b2 + cp")
path("serial bank", setNames(sq[c("a01", "a05", "a09", "sat")], c("x", "m1", "m2", "y")),
     "m1 ~ a1*x\nm2 ~ a2*x + d*m1\ny ~ b1*m1 + b2*m2 + cp*x\nserial := a1*d*b2\nfirst := a1*b1\nsecond := a2*b2\ntotal := a1*d*b2 + a1*b1 + a2*b2 + cp")

kappa <- function(case, a, b, levels) {
  keep <- complete.cases(a, b); tab <- table(factor(a[keep], levels), factor(b[keep], levels)); k <- length(levels)
  d <- abs(outer(1:k, 1:k, "-"))
  for (kind in c("linear", "quadratic")) {
    w <- 1 - (d / (k - 1))^(if (kind == "linear") 1 else 2)
    o <- suppressWarnings(psych::cohen.kappa(tab, w = w))
    # psych 2.2.9 takes rowSums(w * rs) for the mean weights of the columns, so its variance is not that of
    # Fleiss, Cohen & Everitt (1969, formula 19), which is written out here; the jackknife agrees with it.
    p <- tab / sum(tab); rs <- rowSums(p); cs <- colSums(p); po <- sum(w * p); pe <- sum(w * outer(rs, cs))
    total <- 0
    for (i in 1:k) for (j in 1:k)
      total <- total + p[i, j] * (w[i, j] * (1 - pe) - (sum(w[i, ] * cs) + sum(w[, j] * rs)) * (1 - po))^2
    se <- sqrt((total - (po * pe - 2 * pe + po)^2) / (sum(tab) * (1 - pe)^4))
    add(paste(case, kind), c("n", "kappa", "se", "low", "high"),
        c(sum(tab), o$weighted.kappa, se, o$weighted.kappa + c(-1, 1) * qnorm(0.975) * se))
  }
}
kappa("kappa small", s$SAT1, s$SAT2, 1:5)
kappa("kappa staff", staff$JobSatisfaction, staff$RelationshipSatisfaction, 1:4)
write_reference("associations", rows, c("effectsize", "sandwich", "lavaan", "psych", "car"))
