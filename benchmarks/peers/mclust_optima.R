# mclust's default fit, full covariances, of each file NAME-K.csv of a directory; see optima.py.
suppressMessages(library(mclust))
for (file in commandArgs(TRUE)) {
  x <- as.matrix(read.csv(file, header = FALSE))
  components <- as.integer(sub(".*-([0-9]+)[.]csv$", "\\1", file))
  begin <- Sys.time()
  found <- Mclust(x, G = components, modelNames = "VVV", verbose = FALSE)
  seconds <- as.numeric(Sys.time() - begin, units = "secs")
  log_likelihood <- if (is.null(found)) -Inf else found$loglik
  cat(sub("[.]csv$", "", basename(file)), "mclust", 0, log_likelihood, 0, seconds, "\n")
}
