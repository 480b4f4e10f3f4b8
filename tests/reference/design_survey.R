# A made-up survey of bank customers: branches drawn within regions, customers within branches.
# Missing answers, zero weights, ties, one region with a single branch (column LONELY_STRATUM).
set.seed(41)
regions <- data.frame(REGION = 1:4, BRANCHES = c(30, 24, 18, 12), DRAWN = c(6, 5, 4, 3))
rows <- list()
for (r in 1:4) for (b in seq_len(regions$DRAWN[r])) {
  size <- sample(20:60, 1)
  drawn <- sample(8:16, 1)
  lift <- rnorm(1, sd = 0.5)
  tier <- sample(1:4, drawn, replace = TRUE, prob = c(0.4, 0.3, 0.2, 0.1))
  liking <- lift + rnorm(drawn) + 0.3 * tier
  rows[[length(rows) + 1]] <- data.frame(
    REGION = r, BRANCH = 100 * r + b, BRANCH_IN_REGION = b, CUSTOMER = seq_len(drawn),
    BRANCHES = regions$BRANCHES[r], CUSTOMERS = size,
    W = regions$BRANCHES[r] / regions$DRAWN[r] * size / drawn, TIER = tier,
    SAT = pmin(5, pmax(1, round(2.6 + 0.8 * liking + rnorm(drawn, sd = 0.6)))),
    LOY = round(50 + 9 * liking + rnorm(drawn, sd = 6), 1),
    BALANCE = round(exp(1 + 0.5 * tier + rnorm(drawn, sd = 0.6)), 2),
    LEAVES = as.integer(rnorm(drawn) > 0.4 + 0.5 * liking), AGE = sample(1:3, drawn, replace = TRUE),
    SEX = sample(1:2, drawn, replace = TRUE))
}
data <- do.call(rbind, rows)
n <- nrow(data)
data$W <- round(data$W * runif(n, 0.8, 1.25), 3)
data$ASSETS <- round(data$W * data$BALANCE, 3)
data$W_ZERO <- data$W
data$W_ZERO[sample(n, 6)] <- 0
data$LONELY_STRATUM <- ifelse(data$BRANCH == 101, 5, data$REGION)
data$PAIR <- (data$BRANCH %% 100 + 1) %/% 2 + 10 * data$REGION
for (name in c("SAT", "LOY", "LEAVES", "AGE")) data[sample(n, 7), name] <- NA
path <- file.path("tests", "reference", "design_survey.csv")
writeLines(paste("# made up by design_survey.R,", R.version.string), path)
suppressWarnings(write.table(data, path, append = TRUE, sep = ",", row.names = FALSE, quote = FALSE, na = ""))
