# Comparisons of groups. The noncentral limits are solved to machine precision here, and the packages'
# own (found by a coarse search) are written beside them.
source("tests/reference/writing.R")
suppressMessages({library(effectsize); library(rstatix); library(car); library(survey)})
rows <- list()
# Hedges' g as a function of four totals of two strata, its error by survey's delta method; df as Welch's
linearised_g <- function(v, u) {
  n1 <- length(v); n2 <- length(u); m <- n1 + n2 - 2
  J <- exp(lgamma(m / 2) - log(sqrt(m / 2)) - lgamma((m - 1) / 2))
  d <- data.frame(x = c(v, u), s = rep(1:2, c(n1, n2)), one = 1)
  d <- transform(d, a = ifelse(s == 1, x, 0), b = ifelse(s == 2, x, 0))
  totals <- svytotal(~a + I(a^2) + b + I(b^2), svydesign(~1, strata = ~s, weights = ~one, data = d))
  names(totals) <- c("a", "aa", "b", "bb")
  f <- bquote(.(J) * (a / .(n1) - b / .(n2)) / sqrt((aa - a^2 / .(n1) + bb - b^2 / .(n2)) / .(m)))
  se <- as.numeric(SE(svycontrast(totals, f)))
  slope <- sapply(names(totals), function(name) eval(D(f, name), as.list(coef(totals))))
  parts <- sapply(list(1:2, 3:4), function(i) slope[i] %*% vcov(totals)[i, i] %*% slope[i])
  df <- sum(parts)^2 / sum(parts^2 / (c(n1, n2) - 1))
  g <- eval(f, as.list(coef(totals)))
  c(se, df, g + c(-1, 1) * qt(0.975, df) * se)
}
solve_limit <- function(cdf, p, upper) {
  if (cdf(0) <= p) return(0)
  while (cdf(upper) > p) upper <- upper * 2
  uniroot(function(nc) cdf(nc) - p, c(0, upper), tol = 1e-13)$root
}
ncp_f <- function(f, df1, df2) sapply(c(0.975, 0.025), function(p)
  solve_limit(function(nc) pf(f, df1, df2, ncp = nc), p, f * df1 + 1))
ncp_t <- function(t, df) sapply(c(0.975, 0.025), function(p)
  uniroot(function(nc) pt(t, df, ncp = nc) - p, t + c(-9, 9), tol = 1e-13)$root)
compare <- function(case, x, g) {
  keep <- complete.cases(x, g); x <- x[keep]; g <- droplevels(factor(g[keep]))
  d <- data.frame(x = x, g = g); k <- nlevels(g); n <- nrow(d)
  out <- list()
  for (level in levels(g)) {
    v <- x[g == level]; ci <- t.test(v)$conf.int
    out <- c(out, list(number(paste(case, level), c("n", "mean", "sd", "median", "low", "high"),
                              c(length(v), mean(v), sd(v), median(v), ci))))
  }
  w <- oneway.test(x ~ g, d); a <- oneway.test(x ~ g, d, var.equal = TRUE)
  kw <- kruskal.test(x ~ g, d); bf <- car::leveneTest(x ~ g, d, center = median)
  fit <- aov(x ~ g, d)
  omega <- suppressMessages(effectsize::omega_squared(fit, ci = 0.95, alternative = "two.sided", partial = FALSE))
  eta <- suppressMessages(effectsize::eta_squared(fit, ci = 0.95, alternative = "two.sided", partial = FALSE))
  # Brown and Forsythe (1974), F* and its degrees of freedom, written out
  m <- tapply(x, g, length); v <- tapply(x, g, var); part <- (1 - m / n) * v
  f_star <- sum(m * (tapply(x, g, mean) - mean(x))^2) / sum(part)
  df_star <- 1 / sum((part / sum(part))^2 / (m - 1))
  bfm <- c(f_star, k - 1, df_star, pf(f_star, k - 1, df_star, lower.tail = FALSE),
           effectsize::epsilon_squared(fit, ci = NULL, partial = FALSE)[[2]])
  limits <- function(es) {
    nc <- ncp_f((es / (k - 1)) / ((1 - es) / (n - k)), k - 1, n - k)
    nc / (nc + n - k)
  }
  out <- c(out, list(number(case,
    c("n", "welch_f", "welch_df1", "welch_df2", "welch_p", "f", "df1", "df2", "p", "h", "h_df", "h_p",
      "bfm_f", "bfm_df1", "bfm_df2", "bfm_p", "anova_epsilon", "bf_f", "bf_df1", "bf_df2", "bf_p",
      "omega", "omega_low", "omega_high", "effectsize_omega_low", "effectsize_omega_high",
      "eta", "eta_low", "eta_high", "effectsize_eta_low", "effectsize_eta_high", "epsilon"),
    c(n, w$statistic, w$parameter, w$p.value, a$statistic, a$parameter, a$p.value,
      kw$statistic, kw$parameter, kw$p.value, bfm, bf[1, 2], bf[1, 1], bf[2, 1], bf[1, 3],
      omega[[2]], limits(omega[[2]]), omega$CI_low, omega$CI_high,
      eta[[2]], limits(eta[[2]]), eta$CI_low, eta$CI_high,
      effectsize::rank_epsilon_squared(x ~ g, data = d, ci = NULL)[[1]]))))
  gh <- rstatix::games_howell_test(d, x ~ g, detailed = TRUE)
  for (i in seq_len(nrow(gh))) {
    u <- x[g == gh$group1[i]]; v <- x[g == gh$group2[i]]
    se <- sqrt(var(u) / length(u) + var(v) / length(v))
    t <- (mean(v) - mean(u)) / se
    df <- se^4 / ((var(u) / length(u))^2 / (length(u) - 1) + (var(v) / length(v))^2 / (length(v) - 1))
    half <- qtukey(0.95, k, df) * se / sqrt(2)
    stopifnot(all.equal(gh$estimate[i], mean(v) - mean(u)), all.equal(gh$conf.low[i], mean(v) - mean(u) - half, tolerance = 1e-6),
              all.equal(gh$df[i], df, tolerance = 1e-6))
    hg <- effectsize::hedges_g(v, u, ci = 0.95)
    m <- length(u) + length(v) - 2
    pooled <- sqrt(((length(u) - 1) * var(u) + (length(v) - 1) * var(v)) / m)
    scale <- sqrt(1 / length(u) + 1 / length(v))
    J <- exp(lgamma(m / 2) - log(sqrt(m / 2)) - lgamma((m - 1) / 2))
    nct <- ncp_t((mean(v) - mean(u)) / pooled / scale, m) * scale * J
    out <- c(out, list(number(paste(case, gh$group2[i], "-", gh$group1[i]),
      c("difference", "std_error", "t", "df", "p", "rstatix_p", "low", "high", "g", "g_low", "g_high",
        "effectsize_g_low", "effectsize_g_high", "g_se", "g_df", "g_influence_low", "g_influence_high"),
      c(mean(v) - mean(u), se, t, df, ptukey(abs(t) * sqrt(2), k, df, lower.tail = FALSE), gh$p.adj[i],
        mean(v) - mean(u) - half, mean(v) - mean(u) + half, hg[[1]], nct, hg$CI_low, hg$CI_high,
        linearised_g(v, u)))))
  }
  out
}
data <- small()
data$satisfaction <- rowMeans(data[paste0("SAT", 1:4)])
rows <- c(compare("small SAT1", data$SAT1, data$TIER), compare("small LOY", data$LOY, data$TIER),
          compare("small satisfaction", data$satisfaction, data$TIER),
          compare("small LOY by SEX", data$LOY, data$SEX), compare("small NPS by CH_3", data$NPS, data$CH_3))
bank <- shared("bank", "bank_churn_card_tier_a.csv")
rows <- c(rows, compare("bank SatisfactionScore", bank$SatisfactionScore, bank$CardType),
          compare("bank CreditScore", bank$CreditScore, bank$SatisfactionScore))
hr <- read.csv(file.path("..", "shared", "data", "employees", "ibm_hr_attrition.csv"), fileEncoding = "UTF-8-BOM")
rows <- c(rows, compare("hr YearsAtCompany", hr$YearsAtCompany, hr$JobLevel))
write_reference("groups", rows, c("effectsize", "rstatix", "car", "survey"))
