package nbi

import (
	"cmp"
	"log/slog"
	"maps"
	"net/http"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// A Sample is one value of one metric. Samples of one name have the same help,
// type and names of labels.
type Sample struct {
	Name   string // l2sces_<function>_<thing>_<unit>
	Help   string
	Type   Type
	Labels map[string]string
	Value  float64
}

// A Type says how a metric moves.
type Type uint8

// The types.
const (
	Gauge   Type = iota // up and down
	Counter             // up only, from zero when the process starts
)

// metrics returns a handler with a registry of its own, so that no library can
// add to what we show.
func metrics(c Config) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		collector{c},
	)
	log := slog.NewLogLogger(cmp.Or(c.Logger, slog.New(slog.DiscardHandler)).Handler(), slog.LevelError)
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		ErrorLog:      log,
		ErrorHandling: promhttp.ContinueOnError, // one bad sample hides itself only
	})
}

// A collector turns samples into metrics when somebody asks.
type collector struct{ conf Config }

// Describe says nothing: which samples there are is known when they come.
func (collector) Describe(chan<- *prometheus.Desc) {}

// Collect sends what the daemon counts, and its version.
func (c collector) Collect(out chan<- prometheus.Metric) {
	samples := []Sample{{
		Name:   "l2sces_build_info",
		Help:   "Version of the running program; always 1.",
		Labels: map[string]string{"version": c.conf.Version},
		Value:  1,
	}}
	if c.conf.Metrics != nil {
		samples = append(samples, c.conf.Metrics()...)
	}
	for _, s := range samples {
		out <- s.metric()
	}
}

func (s Sample) metric() prometheus.Metric {
	names := slices.Sorted(maps.Keys(s.Labels))
	values := make([]string, len(names))
	for i, n := range names {
		values[i] = s.Labels[n]
	}
	kind := prometheus.GaugeValue
	if s.Type == Counter {
		kind = prometheus.CounterValue
	}
	desc := prometheus.NewDesc(s.Name, s.Help, names, nil)
	m, err := prometheus.NewConstMetric(desc, kind, s.Value, values...)
	if err != nil {
		return prometheus.NewInvalidMetric(desc, err)
	}
	return m
}
