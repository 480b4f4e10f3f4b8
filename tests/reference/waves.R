# Three waves made up here (waves_small.csv), a third of the respondents in two of them. Plain tests by stats;
# everything with weights or repeated respondents by survey, the decomposition by svycontrast on totals.
source("tests/reference/writing.R")
suppressMessages(library(survey))
set.seed(31)
n <- c(70, 60, 50)
wave <- rep(c("2023", "2024", "2025"), n)
id <- c(1:70, c(sample(70, 20), 71:110), c(sample(71:110, 15), 111:145))
tier <- c(sample(1:3, 70, TRUE, c(5, 3, 2)), sample(1:3, 60, TRUE, c(4, 4, 2)), sample(1:3, 50, TRUE, c(3, 4, 3)))
person <- rnorm(145)[id]
data <- data.frame(ID = id, WAVE = wave, TIER = tier,
                   SAT = pmin(5, pmax(1, round(2.6 + 0.4 * tier + 0.7 * person + 0.2 * (wave == "2025") + rnorm(180, sd = 0.7)))),
                   LOY = pmin(5, pmax(1, round(3 + 0.3 * tier - 0.3 * (wave == "2024") + 0.5 * person + rnorm(180, sd = 0.8)))),
                   W = round(runif(180, 0.4, 2.5), 2))
data$SAT[sample(180, 9)] <- NA; data$LOY[sample(180, 7)] <- NA; data$TIER[sample(180, 5)] <- NA
path <- file.path("tests", "reference", "waves_small.csv")
writeLines(paste("# made up by waves.R,", R.version.string), path)
suppressWarnings(write.table(data, path, append = TRUE, sep = ",", row.names = FALSE, quote = FALSE, na = ""))
waves <- unique(wave); rows <- list()
add <- function(...) rows <<- c(rows, list(number(...)))

wilson <- function(x, n) prop.test(x, n, correct = FALSE)$conf.int
for (item in c("SAT", "LOY")) {
  y <- data[[item]]; own <- lapply(waves, function(w) na.omit(y[wave == w]))
  for (i in 1:3) {
    t <- t.test(own[[i]]); add(paste(item, "mean", waves[i]), c("n", "estimate", "std_error", "low", "high"),
                               c(length(own[[i]]), t$estimate, t$stderr, t$conf.int))
    hit <- own[[i]] >= 4
    add(paste(item, "share", waves[i]), c("n", "estimate", "low", "high"), c(length(hit), mean(hit), wilson(sum(hit), length(hit))))
  }
  for (pair in list(c(1, 2), c(2, 3), c(1, 3))) {
    a <- own[[pair[1]]]; b <- own[[pair[2]]]; name <- paste(waves[pair], collapse = " ")
    t <- t.test(b, a)
    add(paste(item, "mean", name), c("estimate", "std_error", "statistic", "df", "p_value", "low", "high"),
        c(mean(b) - mean(a), t$stderr, t$statistic, t$parameter, t$p.value, t$conf.int))
    x <- c(sum(a >= 4), sum(b >= 4)); m <- c(length(a), length(b)); p <- x / m
    test <- suppressWarnings(prop.test(x, m, correct = FALSE))
    u <- wilson(x[1], m[1]); v <- wilson(x[2], m[2]); d <- p[2] - p[1]
    add(paste(item, "share", name), c("estimate", "chi_square", "p_value", "low", "high"),
        c(d, test$statistic, test$p.value, d - sqrt((p[2] - v[1])^2 + (u[2] - p[1])^2), d + sqrt((v[2] - p[2])^2 + (p[1] - u[1])^2)))
  }
  welch <- oneway.test(y ~ wave)
  add(paste(item, "mean overall"), c("statistic", "df1", "df2", "p_value"), c(welch$statistic, welch$parameter, welch$p.value))
  hits <- sapply(own, function(a) sum(a >= 4)); sizes <- lengths(own)
  chi <- suppressWarnings(prop.test(hits, sizes, correct = FALSE))
  add(paste(item, "share overall"), c("statistic", "df1", "p_value"), c(chi$statistic, chi$parameter, chi$p.value))
}

panel <- svydesign(ids = ~ID, weights = ~W, data = data)
for (item in c("SAT", "LOY")) for (measure in c("mean", "share")) {
  data$Y <- if (measure == "mean") data[[item]] else as.numeric(data[[item]] >= 4)
  panel$variables$Y <- data$Y
  answered <- subset(panel, !is.na(Y))
  by <- svyby(~Y, ~WAVE, answered, svymean, covmat = TRUE)
  for (i in 1:3) {
    own <- subset(answered, WAVE == waves[i])
    limits <- if (measure == "mean") confint(svymean(~Y, own), df = degf(own)) else attr(svyciprop(~I(Y == 1), own, method = "logit", df = degf(own)), "ci")
    add(paste("panel", item, measure, waves[i]), c("estimate", "std_error", "low", "high"), c(coef(by)[i], SE(by)[i], limits))
  }
  for (pair in list(c(1, 2), c(2, 3))) {
    step <- numeric(3); step[pair] <- c(-1, 1)
    change <- svycontrast(by, step); df <- degf(subset(answered, WAVE %in% waves[pair]))
    add(paste("panel", item, measure, paste(waves[pair], collapse = " ")), c("estimate", "std_error", "df", "p_value"),
        c(coef(change), SE(change), df, 2 * pt(-abs(coef(change) / SE(change)), df)))
  }
  test <- regTermTest(svyglm(Y ~ WAVE, answered), ~WAVE)
  add(paste("panel", item, measure, "overall"), c("statistic", "df1", "df2", "p_value"), c(test$Ftest, test$df, test$ddf, test$p))
}

# Totals of cells and of answers in cells carry everything; the delta method is svycontrast's.
split <- function(case, design, item, from, to) {
  used <- !is.na(design$variables[[item]]) & !is.na(design$variables$TIER) & design$variables$WAVE %in% c(from, to)
  cells <- NULL
  for (w in c(from, to)) for (g in 1:3) {
    inside <- as.numeric(used & design$variables$WAVE == w & design$variables$TIER %in% g)
    y <- ifelse(inside == 1, design$variables[[item]], 0)
    name <- paste0(if (w == from) "a" else "b", g)
    design$variables[[paste0("n", name)]] <- inside; design$variables[[paste0("y", name)]] <- y
  }
  names <- c(outer(c("n", "y"), c(outer(c("a", "b"), 1:3, paste0)), paste0))
  totals <- svytotal(as.formula(paste("~", paste(names, collapse = "+"))), design)
  p <- function(w, g) sprintf("(n%s%d/(n%s1+n%s2+n%s3))", w, g, w, w, w)
  m <- function(w, g) sprintf("(y%s%d/n%s%d)", w, g, w, g)
  overall <- function(w) sprintf("((y%s1+y%s2+y%s3)/(n%s1+n%s2+n%s3))", w, w, w, w, w, w)
  sum3 <- function(f) paste(sapply(1:3, f), collapse = " + ")
  mix <- function(g) sprintf("(%s-%s)*((%s+%s)/2-(%s+%s)/2)", p("b", g), p("a", g), m("a", g), m("b", g), overall("a"), overall("b"))
  within <- function(g) sprintf("(%s-%s)*(%s+%s)/2", m("b", g), m("a", g), p("a", g), p("b", g))
  mix0 <- function(g) sprintf("(%s-%s)*(%s-%s)", p("b", g), p("a", g), m("a", g), overall("a"))
  within0 <- function(g) sprintf("(%s-%s)*%s", m("b", g), m("a", g), p("a", g))
  both0 <- function(g) sprintf("(%s-%s)*(%s-%s)", p("b", g), p("a", g), m("b", g), m("a", g))
  parts <- c(change = sprintf("%s-%s", overall("b"), overall("a")), mix = sum3(mix), within = sum3(within),
             mix1 = mix(1), mix2 = mix(2), mix3 = mix(3), within1 = within(1), within2 = within(2), within3 = within(3),
             earlier_mix = sum3(mix0), earlier_within = sum3(within0), earlier_interaction = sum3(both0),
             earlier_interaction2 = both0(2))
  for (name in names(parts)) {
    found <- svycontrast(totals, str2lang(parts[[name]]))
    add(paste(case, name), c("estimate", "std_error"), c(coef(found), SE(found)))
  }
}
for (item in c("SAT", "LOY")) split(paste("split panel", item), panel, item, "2023", "2025")
plain <- data[data$WAVE %in% c("2024", "2025") & !is.na(data$SAT) & !is.na(data$TIER), ]
split("split plain SAT", svydesign(ids = ~1, strata = ~WAVE, data = plain, weights = rep(1, nrow(plain))), "SAT", "2024", "2025")
write_reference("waves", rows, "survey")
