# A made-up survey of 64 respondents: ties, missing answers, tiers of unequal size.
set.seed(20)
n <- 64
tier <- rep(1:4, c(27, 18, 12, 7))
liking <- rnorm(n) * c(0.8, 1, 1.2, 0.7)[tier] + 0.35 * tier
answer <- function(loading) {
  raw <- loading * liking + rnorm(n, sd = 0.9)
  pmin(5, pmax(1, round(2.4 + raw)))
}
data <- data.frame(TIER = tier, SAT1 = answer(0.9), SAT2 = answer(0.8), SAT3 = answer(0.7), SAT4 = answer(0.5))
data$LOY <- round(50 + 10 * liking + rnorm(n, sd = 6), 1)
data$NPS <- pmin(10, pmax(0, round(6 + 1.8 * liking + rnorm(n))))
data$SEX <- rbinom(n, 1, 0.45) + 1
data$CH_1 <- rbinom(n, 1, c(0.8, 0.6, 0.4, 0.3)[tier])
data$CH_2 <- rbinom(n, 1, c(0.3, 0.5, 0.6, 0.7)[tier])
data$CH_3 <- rbinom(n, 1, 0.4)
for (name in c("SAT1", "SAT2", "SAT3", "SAT4", "LOY", "NPS")) data[sample(n, 3), name] <- NA
data[sample(n, 2), "TIER"] <- NA
data[sample(n, 4), c("CH_1", "CH_2", "CH_3")] <- NA
data <- data[sample(n), ]
path <- file.path("tests", "reference", "survey_small.csv")
writeLines(paste("# made up by survey_small.R,", R.version.string), path)
suppressWarnings(write.table(data, path, append = TRUE, sep = ",", row.names = FALSE, quote = FALSE, na = ""))
