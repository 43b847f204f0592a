# Times of metafor, in milliseconds, one "name value" a line; called by pooling.py with a CSV of
# estimates and variances (columns set, y, v).
suppressMessages(library(metafor))
data <- read.csv(commandArgs(TRUE)[1])
least <- function(f, times) min(replicate(times, system.time(f())[["elapsed"]])) * 1000
each <- function(f, n, times = 3) least(function() for (i in 1:n) f(), times) / n
tell <- function(name, value) cat(name, format(value, digits = 17), "\n")
for (k in c(13, 20, 1000)) {
  own <- data[data$set == k, ]
  tell(paste0("rma_", k), each(function() rma(y, v, data = own), if (k < 100) 50 else 1))
  tell(paste0("tau2_", k), rma(y, v, data = own, control = list(threshold = 1e-10))$tau2)
}
own <- data[data$set == 13, ]
fit <- rma(y, v, data = own)
tell("leave_one_out", each(function() leave1out(fit), 5))
tell("gosh", least(function() gosh(fit, progbar = FALSE), 1))
x <- seq_len(13)
regression <- rma(y, v, mods = ~x, data = own)
tell("permutation", least(function() permutest(regression, iter = 500, progbar = FALSE), 1) * 20)
