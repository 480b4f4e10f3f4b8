source("tests/reference/writing.R")
suppressMessages(library(effectsize))
ncp_chi <- function(chi, df) sapply(c(0.975, 0.025), function(p) {
  cdf <- function(nc) pchisq(chi, df, ncp = nc)
  if (cdf(0) <= p) return(0)
  upper <- chi + 1
  while (cdf(upper) > p) upper <- upper * 2
  uniroot(function(nc) cdf(nc) - p, c(0, upper), tol = 1e-13)$root
})
cross <- function(case, a, b) {
  t <- table(a, b)
  c2 <- suppressWarnings(chisq.test(t, correct = FALSE))
  v <- effectsize::cramers_v(t, adjust = FALSE, ci = 0.95, alternative = "two.sided")
  va <- suppressWarnings(effectsize::cramers_v(t, adjust = TRUE, ci = NULL))
  limits <- pmin(1, sqrt(ncp_chi(unname(c2$statistic), c2$parameter) / (sum(t) * (min(dim(t)) - 1))))
  out <- list(number(case, c("n", "chi2", "df", "p", "v", "v_low", "v_high", "effectsize_low", "effectsize_high",
                             "v_corrected", "min_expected", "stdres_first", "stdres_last"),
         c(sum(t), c2$statistic, c2$parameter, c2$p.value, v[[1]], limits, v$CI_low, v$CI_high, va[[1]],
           min(c2$expected), c2$stdres[1, 1], c2$stdres[nrow(t), ncol(t)])))
  if (all(dim(t) == 2)) out <- c(out, list(number(case, "fisher", fisher.test(t)$p.value)))
  out
}
data <- small()
rows <- c(cross("TIER CH_1", data$TIER, data$CH_1), cross("TIER SAT1", data$TIER, data$SAT1),
          cross("SEX CH_2", data$SEX, data$CH_2), cross("SEX CH_3", data$SEX, data$CH_3))
asked <- data[!is.na(data$CH_1), ]
p <- sapply(paste0("CH_", 1:3), function(o) suppressWarnings(chisq.test(table(asked$TIER, asked[[o]]), correct = FALSE))$p.value)
rows <- c(rows, list(number("options by TIER", paste0("CH_", 1:3), p.adjust(p, "holm"))))
bank <- shared("bank", "bank_churn_card_tier_a.csv")
rows <- c(rows, cross("bank tier x satisfaction", bank$CardType, bank$SatisfactionScore),
          cross("bank gender x exited", bank$Gender, bank$Exited))
write_reference("crosstabs", rows, "effectsize")
