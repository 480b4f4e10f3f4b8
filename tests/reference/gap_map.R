# Gaps between two populations by tier: Welch's test, and errors that know the clusters (survey::svymean).
source("tests/reference/writing.R")
suppressMessages(library(survey))
rows <- list()
add <- function(case, quantity, value) rows[[length(rows) + 1]] <<- number(case, quantity, value)
side <- function(x, cluster = NULL) {
  keep <- !is.na(x); x <- x[keep]
  if (is.null(cluster)) return(list(n = length(x), mean = mean(x), v = var(x) / length(x), df = length(x) - 1))
  d <- data.frame(x = x, g = cluster[keep]); s <- svymean(~x, svydesign(ids = ~g, data = d, weights = ~1))
  list(n = length(x), mean = as.numeric(coef(s)), v = as.numeric(vcov(s)), df = length(unique(d$g)) - 1)
}
gaps <- function(case, first, second, items, tier, g1 = NULL, g2 = NULL) {
  p <- c()
  for (item in items) for (t in c("all", sort(unique(tier[!is.na(tier)])))) {
    mine <- if (t == "all") rep(TRUE, nrow(first)) else tier %in% t
    a <- side(first[mine, item], if (!is.null(g1)) g1[mine]); b <- side(second[[item]], g2)
    v <- a$v + b$v; df <- v^2 / (a$v^2 / a$df + b$v^2 / b$df); d <- a$mean - b$mean; z <- d / sqrt(v)
    if (is.null(g1) && is.null(g2)) {
      w <- t.test(first[mine, item], second[[item]])
      stopifnot(all.equal(c(w$statistic, w$parameter), c(z, df), check.attributes = FALSE))
    }
    p <- c(p, 2 * pt(-abs(z), df))
    add(paste(case, item, t), c("n_first", "n_second", "mean_first", "mean_second", "estimate", "std_error", "statistic", "df", "p_value", "low", "high"),
        c(a$n, b$n, a$mean, b$mean, d, sqrt(v), z, df, 2 * pt(-abs(z), df), d + c(-1, 1) * qt(0.975, df) * sqrt(v)))
  }
  add(case, paste("holm", seq_along(p)), p.adjust(p, "holm"))
}
s <- small(); items <- c("SAT1", "SAT2", "SAT4")
men <- s[which(s$SEX == 1), ]; women <- s[which(s$SEX == 2), ]
men$TIER[which(men$TIER == 4)] <- NA  # two men: no third cluster
gaps("small", men, women, items, men$TIER)
gaps("small clusters", men, women, items, men$TIER, (seq_len(nrow(men)) - 1) %% 7, (seq_len(nrow(women)) - 1) %/% 5)
bank <- shared("bank", "plspm_satisfaction.csv"); items <- c("sat1", "sat2", "loy1", "qual3")
female <- bank[bank$gender == "female", ]; male <- bank[bank$gender == "male", ]
band <- cut(female$imag1, c(-1, 7, 8, 10), labels = c("a", "b", "c"))
gaps("bank", female, male, items, as.character(band))
gaps("bank branches", female, male, items, as.character(band), NULL, (seq_len(nrow(male)) - 1) %% 11)
write_reference("gap_map", rows, "survey")
