package bench

// all are the benchmarks, by name. Each has a file of its own.
var all = []Benchmark{flows, hitless, topo}
