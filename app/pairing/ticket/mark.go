package ticket

// Mark is one thing that happened or was measured, by docs/operations.md#metrics. Timed:
// Value is a measurement, in seconds where the name does not say else.
type Mark struct {
	Name  string
	Label string
	Value float64
	Timed bool
}

func (s *step) count(name, label string) {
	s.fx.Marks = append(s.fx.Marks, Mark{Name: name, Label: label})
}

func (s *step) measure(name string, value float64) {
	s.fx.Marks = append(s.fx.Marks, Mark{Name: name, Value: value, Timed: true})
}

func (s *step) measureSince(name string, since Instant) { s.measure(name, s.now.Sub(since).Seconds()) }
