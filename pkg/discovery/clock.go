package discovery

import "time"

// A clock tells the time that a prober has lived through. It does not run
// backwards, and where the given clock leaps, or the whole process stood still,
// it goes on as if little had happened: what was not looked at must not count
// as silence.
type clock struct {
	now  func() time.Time
	last time.Time
	// leap is the longest step that is believed.
	leap    time.Duration
	elapsed time.Duration
}

func (c *clock) read() time.Duration {
	now := c.now()
	if c.last.IsZero() {
		c.last = now
	}
	step := now.Sub(c.last)
	c.last = now
	c.elapsed += min(max(step, 0), c.leap)
	return c.elapsed
}
