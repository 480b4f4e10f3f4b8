# Linear-by-linear association, exact rank tests and odds ratios, with ties and missing answers.
source("tests/reference/writing.R")
suppressMessages({library(coin); library(effectsize)})
rows <- list()
add <- function(case, quantity, value) rows[[length(rows) + 1]] <<- number(case, quantity, value)
s <- small()
bank <- shared("bank", "bank_churn_card_tier_a.csv")
linear <- function(case, x, g, scores) {
  keep <- complete.cases(x, g); d <- data.frame(x = x[keep], g = factor(g[keep], ordered = TRUE))
  t <- independence_test(x ~ g, d, scores = list(g = scores), teststat = "quad")
  z <- independence_test(x ~ g, d, scores = list(g = scores), teststat = "scalar")
  add(case, c("n", "z", "p", "chi2"), c(nrow(d), statistic(z), pvalue(z), statistic(t)))
}
linear("SAT1", s$SAT1, s$TIER, 1:4); linear("LOY", s$LOY, s$TIER, 1:4); linear("NPS scores", s$NPS, s$TIER, c(1, 2, 5, 10))
d <- na.omit(data.frame(x = ordered(s$SAT1), g = ordered(s$TIER)))
# lbl_test itself, whose answers score 1 to k: SAT1 has every answer from 1 to 5
l <- lbl_test(x ~ g, d); add("lbl_test SAT1", c("chi2", "p"), c(statistic(l), pvalue(l)))
tier <- match(bank$CardType, c("SILVER", "GOLD", "PLATINUM", "DIAMOND"))
linear("bank", bank$SatisfactionScore, tier, 1:4)
signed <- function(case, a, b) {
  d <- na.omit(data.frame(a = a, b = b))
  w <- wilcoxsign_test(a ~ b, d, distribution = "exact", zero.method = "Wilcoxon")
  add(case, c("n", "p"), c(nrow(d), pvalue(w)))
}
signed("SAT1 SAT2", s$SAT1, s$SAT2); signed("SAT3 SAT4", s$SAT3, s$SAT4)
odds <- function(case, a, b) {
  d <- na.omit(data.frame(a = a, b = b)); t <- table(d$a, d$b)
  o <- effectsize::oddsratio(t)
  add(case, c("n", "odds_ratio", "low", "high", "fisher"),
      c(nrow(d), o$Odds_ratio, o$CI_low, o$CI_high, fisher.test(t)$p.value))
}
odds("SEX CH_1", s$SEX, s$CH_1); odds("SEX CH_3", s$SEX, s$CH_3)
odds("bank", bank$Gender, bank$Exited)
write_reference("group_associations", rows, c("coin", "effectsize"))
