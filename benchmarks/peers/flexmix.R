# flexmix: mixtures of independent Poisson columns; see README.md.
suppressMessages(library(flexmix))

arguments <- commandArgs(TRUE)
directory <- arguments[1]
workload <- arguments[2]
passes <- as.integer(arguments[4])

now <- function() as.numeric(Sys.time())

values <- function(part) {
  file <- file(file.path(directory, sprintf("%s.%s.npy", workload, part)), "rb")
  on.exit(close(file))
  readBin(file, "raw", 8)
  header <- readChar(file, readBin(file, "integer", 1, size = 2, signed = FALSE, endian = "little"))
  shape <- as.numeric(strsplit(sub(".*\\(([^)]*)\\).*", "\\1", header), ",")[[1]])
  matrix(readBin(file, "double", prod(shape)), shape[1], shape[2])
}

x <- values("x")
rates <- values("start")
# flexmix begins with an M-step, so the E-step of the start is made here.
z <- x %*% t(log(rates)) - matrix(rowSums(rates), nrow(x), nrow(rates), byrow = TRUE)
z <- exp(z - apply(z, 1, max))
z <- z / rowSums(z)
run <- function(n) {
  begin <- now()
  fit <- flexmix(x ~ 1, k = nrow(rates), cluster = z, model = FLXMCmvpois(),
    control = list(iter.max = n, minprior = 0, tolerance = -1))
  list(seconds = now() - begin, value = fit@logLik / nrow(x))
}
value <- run(passes)$value

cat("flexmix", as.character(packageVersion("flexmix")), "\n")
flush(stdout())
input <- file("stdin")
open(input)
while (length(readLines(input, 1)) > 0) {
  once <- run(1)
  all <- run(1 + passes)
  cat(sprintf("%.6g %.12g\n", (all$seconds - once$seconds) / passes, value))
  flush(stdout())
}
