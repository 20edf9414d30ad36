package projections

import "sync"

// Watches are those who wait for news of single keys of one view. However slow a watcher is, at most one signal waits for
// it: it looks at what is newest then. The zero value is ready; all of it may be used by any goroutine.
type Watches struct {
	mu   sync.Mutex
	keys map[string]map[*Watch]struct{}
}

// Watch is one watcher of one key, until End.
type Watch struct {
	// C is signalled once queries can see that a fact touched the key, whether or not that changed its value, and whenever
	// its value may be another for other reasons.
	C <-chan struct{}

	signal chan struct{}
	key    string
	of     *Watches
}

// Watch begins to watch a key. What happened before is not told: read the key after this.
func (w *Watches) Watch(key string) *Watch {
	signal := make(chan struct{}, 1)
	one := &Watch{C: signal, signal: signal, key: key, of: w}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.keys == nil {
		w.keys = map[string]map[*Watch]struct{}{}
	}
	if w.keys[key] == nil {
		w.keys[key] = map[*Watch]struct{}{}
	}
	w.keys[key][one] = struct{}{}
	return one
}

// End ends the watch: nothing is signalled any more.
func (w *Watch) End() {
	w.of.mu.Lock()
	defer w.of.mu.Unlock()
	delete(w.of.keys[w.key], w)
	if len(w.of.keys[w.key]) == 0 {
		delete(w.of.keys, w.key)
	}
}

// TellAll signals every watcher: another generation answers.
func (w *Watches) TellAll() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, watchers := range w.keys {
		tell(watchers)
	}
}

// touched signals the watchers of what a batch touched.
func touched[V any](w *Watches, steps []step[V], changed map[string]Doc[V]) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.keys) == 0 {
		return
	}
	for _, s := range steps {
		for _, t := range s.touches {
			tell(w.keys[t.key])
		}
	}
	for key := range changed {
		tell(w.keys[key])
	}
}

func tell(watchers map[*Watch]struct{}) {
	for one := range watchers {
		select {
		case one.signal <- struct{}{}:
		default: // one waits already
		}
	}
}
