package bench

// all are the benchmarks, by name. Each has a file of its own.
var all = []Benchmark{failover, flood, flows, hitless, idle, intents, isolate, mem, netadd, netbulk, osmBench, ovsrestart, pkgBench, repath, resync, scale, setup, silent, slicesBench, topo, update}
