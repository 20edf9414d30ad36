package postgres

import (
	"sync"

	"tillstream/projections"
)

// recentMost is how many documents of a view are remembered.
const recentMost = 4096

// recent remembers what this process saved last, in two halves: when the younger is full the elder is forgotten. It is
// right because nobody else can save: a Save that finds the checkpoint moved fails and drops all of it, as does every
// error, and every reading of a checkpoint that is not the one saved last.
type recent[V any] struct {
	mu             sync.Mutex
	at             projections.Checkpoint // what was saved with the youngest of them
	younger, elder map[string]projections.Doc[V]
}

// take answers what is remembered of the keys, and which of them are not.
func (c *recent[V]) take(keys []string) (map[string]projections.Doc[V], []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	docs := make(map[string]projections.Doc[V], len(keys))
	var missing []string
	for _, key := range keys {
		doc, known := c.younger[key]
		if !known {
			doc, known = c.elder[key]
		}
		if known {
			docs[key] = doc
		} else {
			missing = append(missing, key)
		}
	}
	return docs, missing
}

func (c *recent[V]) keep(docs map[string]projections.Doc[V], at projections.Checkpoint) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = at
	if len(docs) > recentMost/2 {
		c.younger, c.elder = nil, nil
		return
	}
	if c.younger == nil || len(c.younger)+len(docs) > recentMost/2 {
		c.younger, c.elder = make(map[string]projections.Doc[V], len(docs)), c.younger
	}
	for key, doc := range docs {
		c.younger[key] = doc
	}
}

// confirm drops all when the checkpoint is another than was saved: the server lost some in a crash, or another moved it.
func (c *recent[V]) confirm(at projections.Checkpoint, err error) {
	c.mu.Lock()
	same := err == nil && at == c.at
	c.mu.Unlock()
	if !same {
		c.drop()
	}
}

func (c *recent[V]) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.younger, c.elder = nil, nil
}
