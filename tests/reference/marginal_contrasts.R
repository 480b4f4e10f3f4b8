# Contrasts of marginal means by emmeans, single-step p-values by multcomp and mvtnorm, under a design by survey.
source("tests/reference/writing.R")
suppressMessages({library(emmeans); library(multcomp); library(mvtnorm); library(sandwich); library(survey)})
emm_options(msg.interaction = FALSE, msg.nesting = FALSE)
rows <- list()
put <- function(case, quantity, value) rows[[length(rows) + 1]] <<- number(case, quantity, value)

# Genz and Bretz's algorithm with far more points than its default; its own error estimate stays below 1e-6
fine <- GenzBretz(maxpts = 400000, abseps = 1e-7)
below <- function(q, corr, df) {
  if (nrow(corr) == 1) return(1 - 2 * pt(-q, df))
  set.seed(1); pmvt(rep(-q, nrow(corr)), rep(q, nrow(corr)), corr = corr, df = df, algorithm = fine)[1]
}
single_step <- function(t, corr, df) 1 - sapply(abs(t), below, corr = corr, df = df)
reach <- function(corr, df) {
  m <- nrow(corr)
  uniroot(function(q) below(q, corr, df) - 0.95, c(qt(0.975, df) - 1e-6, qt(1 - 0.025 / m, df) + 1e-6), tol = 1e-7)$root
}
# rows of one family: name "case | contrast", "case | within | contrast"
family <- function(case, con, sigma, adjustments, glht = FALSE, joint = NULL) {
  s <- as.data.frame(summary(con, infer = TRUE, adjust = "none"))
  names(s)[match(c("lower.CL", "upper.CL"), names(s))] <- c("low", "high")
  by <- con@misc$by.vars
  label <- apply(s[seq_len(which(names(s) == "estimate") - 1)], 1, function(x) paste(rev(x), collapse = " | "))
  groups <- if (is.null(by)) list(seq_len(nrow(s))) else unname(split(seq_len(nrow(s)), s[[by]]))
  name <- paste(case, label, sep = " | ")
  for (i in seq_len(nrow(s))) {
    put(name[i], c("estimate", "se", "df", "t", "p_none", "low_none", "high_none"),
        unlist(s[i, c("estimate", "SE", "df", "t.ratio", "p.value", "low", "high")]))
    # emmeans::eff_size written out for one contrast (its own result is stored below), or by the joint covariance
    # of coefficients and residual sd
    d <- s$estimate[i] / sigma; slope <- c(con@linfct[i, ], -d) / sigma
    se <- if (is.null(joint)) sqrt((s$SE[i] / sigma)^2 + d^2 / (2 * s$df[i])) else sqrt(c(slope %*% joint %*% slope))
    put(name[i], c("d", "d_se"), c(d, se))
  }
  for (adjust in setdiff(adjustments, "single_step")) {
    a <- as.data.frame(suppressMessages(summary(con, infer = TRUE, adjust = adjust)))
    for (i in seq_len(nrow(s)))
      put(name[i], paste0(c("p_", "low_", "high_"), adjust), unlist(a[i, c("p.value", "lower.CL", "upper.CL")]))
  }
  if ("single_step" %in% adjustments) for (g in groups) {
    v <- vcov(con)[g, g, drop = FALSE]; corr <- cov2cor(v); df <- s$df[g[1]]
    p <- single_step(s$t.ratio[g], corr, df); q <- reach(corr, df)
    for (i in seq_along(g))
      put(name[g[i]], c("p_single_step", "low_single_step", "high_single_step"),
          c(p[i], s$estimate[g[i]] + c(-1, 1) * q * s$SE[g[i]]))
    set.seed(2)
    stopifnot(max(abs(as.data.frame(summary(con, adjust = "mvt"))$p.value[g] - p)) < 5e-3)
    if (glht) {
      set.seed(3)
      other <- summary(as.glht(con), test = adjusted("single-step", maxpts = 400000, abseps = 1e-7))$test$pvalues
      for (i in seq_along(g)) put(name[g[i]], "p_glht", other[g[i]])
    }
  }
}
# coefficients and residual sd moved by leaving one out (HC3), or summed within clusters (CR1)
joint_of <- function(fit, clusters = NULL) {
  e <- residuals(fit); n <- nobs(fit); p <- length(coef(fit)); h <- if (is.null(clusters)) hatvalues(fit) else 0
  b <- estfun(fit) / (1 - h); b <- b %*% summary(fit)$cov.unscaled
  z <- if (is.null(clusters)) (e^2 / (1 - h) - sigma(fit)^2) / (n - p - 1) else e^2 / (n - p) - sigma(fit)^2 / n
  m <- cbind(b, z / (2 * sigma(fit)))
  if (is.null(clusters)) return(crossprod(m))
  g <- length(unique(clusters)); g / (g - 1) * (n - 1) / (n - p) * crossprod(rowsum(m, clusters))
}
# the variance of a total of influence values under the design; the sd as svyvar has it
joint_under <- function(fit, q) {
  x <- model.matrix(fit); w <- weights(q); e <- fit$y - fitted(fit); n <- length(e)
  s2 <- sum(w * e^2) / sum(w)
  m <- cbind(x * e, 0) %*% rbind(cbind(solve(crossprod(x, x * w)), 0), 0)
  m[, ncol(m)] <- sqrt(n / (n - 1)) * (e^2 - s2) / (2 * sqrt(s2) * sum(w))
  colnames(m) <- paste0("m", seq_len(ncol(m))); q$variables <- cbind(q$variables, m)
  j <- vcov(svytotal(as.formula(paste("~", paste(colnames(m), collapse = "+"))), q))
  stopifnot(all.equal(unname(j[-ncol(m), -ncol(m)]), unname(vcov(fit)), tolerance = 1e-8))
  j
}
means <- function(case, m) {
  s <- as.data.frame(m)
  for (i in seq_len(nrow(s)))
    put(paste(c(case, "mean", as.character(unlist(s[i, seq_len(which(names(s) == "emmean") - 1)]))), collapse = " | "),
        c("estimate", "se", "df", "low", "high"), unlist(s[i, c("emmean", "SE", "df", "lower.CL", "upper.CL")]))
}
all_of_them <- c("tukey", "holm", "bonferroni", "BH", "single_step")

s <- small(); s$BRANCH <- (seq_len(nrow(s)) - 1) %% 16; s$TIER <- factor(s$TIER); s$SEX <- factor(s$SEX)
d <- na.omit(s[c("LOY", "SAT1", "TIER", "SEX", "BRANCH")])
fit <- lm(LOY ~ SAT1 + TIER * SEX, d)
m <- emmeans(fit, "TIER"); means("small", m)
family("small pairwise", contrast(m, "revpairwise"), sigma(fit), all_of_them, glht = TRUE)
family("small control", contrast(m, "trt.vs.ctrl", ref = 4), sigma(fit), c("single_step", "holm"), glht = TRUE)
family("small consecutive", contrast(m, "consec"), sigma(fit), c("single_step", "bonferroni"), glht = TRUE)
family("small polynomial", contrast(m, "poly"), sigma(fit), c("single_step", "BH"))
# effect sizes of emmeans itself; a difference of means has one sign for all of these
e <- as.data.frame(summary(eff_size(m, sigma(fit), df.residual(fit), method = "revpairwise"), infer = c(TRUE, FALSE)))
for (i in seq_len(nrow(e)))
  put(paste("small pairwise", e$contrast[i], sep = " | "), c("eff_size", "eff_size_se", "eff_size_low", "eff_size_high"),
      unlist(e[i, c("effect.size", "SE", "lower.CL", "upper.CL")]))
w <- emmeans(fit, ~ TIER | SEX); means("small by", w)
family("small by", contrast(w, "revpairwise"), sigma(fit), c("tukey", "holm", "single_step"))
together <- update(contrast(w, "consec"), by = NULL)
family("small by all", together, sigma(fit), c("single_step", "bonferroni"))
a <- emmeans(fit, ~ TIER * SEX)
family("small across", contrast(a, interaction = c(TIER = "revpairwise", SEX = "revpairwise")), sigma(fit), c("single_step", "holm"))
family("small trend across", contrast(a, interaction = c(TIER = "poly", SEX = "revpairwise")), sigma(fit), c("single_step"))
p <- emmeans(fit, "TIER", weights = "proportional"); means("small proportional", p)
family("small proportional", contrast(p, "revpairwise"), sigma(fit), c("tukey", "single_step"))
h <- emmeans(fit, "TIER", vcov. = vcovHC(fit, "HC3")); means("small hc3", h)
family("small hc3", contrast(h, "revpairwise"), sigma(fit), c("tukey", "single_step"), glht = TRUE,
       joint = joint_of(fit))
k <- emmeans(fit, "TIER", vcov. = vcovCL(fit, d$BRANCH, type = "HC1"), df = length(unique(d$BRANCH)) - 1); means("small clusters", k)
family("small clusters", contrast(k, "consec"), sigma(fit), c("single_step", "holm"), joint = joint_of(fit, d$BRANCH))
plain <- lm(SAT1 ~ TIER, na.omit(s[c("SAT1", "TIER")]))
family("one way", contrast(emmeans(plain, "TIER"), "trt.vs.ctrl"), sigma(plain), c("single_step"), glht = TRUE)

# telephone customers, four providers and two plans in unequal cells; some answers taken away
corp <- shared("bank", "corporate_reputation_347.csv"); at <- seq_len(nrow(corp))
corp$cusa[at %% 13 == 0] <- NA; corp$qual_1[at %% 11 == 0] <- NA; corp$servicetype[at %% 29 == 0] <- NA
corp$provider <- factor(corp$serviceprovider); corp$plan <- factor(corp$servicetype)
corp <- na.omit(corp[c("cusa", "qual_1", "provider", "plan")])
fit <- lm(cusa ~ qual_1 + provider * plan, corp)
m <- emmeans(fit, "provider"); means("providers", m)
family("providers", contrast(m, "revpairwise"), sigma(fit), all_of_them, glht = TRUE)
family("providers by plan", contrast(emmeans(fit, ~ provider | plan), "trt.vs.ctrl", ref = 2), sigma(fit), c("single_step", "holm"))
family("providers across plans", contrast(emmeans(fit, ~ provider * plan), interaction = c(provider = "consec", plan = "revpairwise")),
       sigma(fit), c("single_step"))
family("providers proportional", contrast(emmeans(fit, "provider", weights = "proportional"), "revpairwise"), sigma(fit), "tukey")

# employees at five levels, three factors with all their interactions: more than three independent contrasts
hr <- read.csv(file.path("..", "shared", "data", "employees", "ibm_hr_attrition.csv"), fileEncoding = "UTF-8-BOM")
at <- seq_len(nrow(hr)); hr$YearsAtCompany[at %% 17 == 0] <- NA; hr$Age[at %% 19 == 0] <- NA
hr$level <- factor(hr$JobLevel)
hr <- na.omit(hr[c("YearsAtCompany", "Age", "level", "Gender", "OverTime")])
fit <- lm(YearsAtCompany ~ Age + level * Gender * OverTime, hr)
for (how in c("equal", "proportional")) {
  m <- emmeans(fit, "level", weights = how); means(paste("levels", how), m)
  family(paste("levels", how), contrast(m, "revpairwise"), sigma(fit), c("tukey", if (how == "equal") "single_step"))
  family(paste("levels within gender", how), contrast(emmeans(fit, ~ level | Gender, weights = how), "poly"), sigma(fit), "holm")
}

# a sampling design
data <- read.csv(file.path("tests", "reference", "design_survey.csv"), comment.char = "#")
data$ROW <- seq_len(nrow(data)); data$GROUP <- factor(data$TIER); data$GENDER <- factor(data$SEX)
designs <- list(
  weights = svydesign(~1, weights = ~W, data = data),
  clusters = svydesign(~BRANCH, strata = ~REGION, weights = ~W, data = data),
  zero = svydesign(~BRANCH + ROW, strata = ~REGION, weights = ~W_ZERO, fpc = ~BRANCHES + CUSTOMERS, data = data)
)
for (case in names(designs)) {
  q <- designs[[case]]
  if (case == "zero") q <- subset(q, W_ZERO > 0)
  q <- subset(q, !is.na(LOY) & !is.na(SAT) & !is.na(GENDER))
  known <- q$variables; known$w <- weights(q)
  fit <- svyglm(LOY ~ SAT + GROUP * GENDER, q)
  sd <- sqrt(summary(fit)$dispersion[1]); joint <- joint_under(fit, q)
  # the covariate at its weighted mean; emmeans takes that of the sample
  place <- list(SAT = weighted.mean(known$SAT, known$w))
  m <- emmeans(fit, "GROUP", at = place); means(paste("design", case), m)
  family(paste("design", case), contrast(m, "revpairwise"), sd, c("tukey", "holm", "single_step"), joint = joint)
  family(paste("design by", case), contrast(emmeans(fit, ~ GROUP | GENDER, at = place), "consec"), sd, c("single_step", "bonferroni"),
         joint = joint)
  # by itself emmeans counts the rows of a level; here the shares of the population are handed to it
  share <- tapply(known$w, known$GENDER, sum); share <- share / sum(share)
  p <- emmeans(fit, "GROUP", at = place, weights = as.numeric(share)); means(paste("design proportional", case), p)
  family(paste("design proportional", case), contrast(p, "poly"), sd, "single_step", joint = joint)
  put(paste("design", case), c("sd", "n"), c(sd, nrow(known)))
}
write_reference("marginal_contrasts", rows, c("emmeans", "multcomp", "mvtnorm", "sandwich", "survey"))
