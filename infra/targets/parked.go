package targets

import (
	"sync"

	"tillstream/gateway"
)

// parkings knows what is parked in every generation that this process feeds. The zero value knows none.
type parkings struct {
	mu           sync.Mutex
	byGeneration map[string]parking // by the name of its table
}

// parking is a projector as operators see it.
type parking interface {
	gateway.ParkedView
	Name() string
	ParkedCount() (keys, streams int)
}

func (p *parkings) add(generation string, of parking) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.byGeneration == nil {
		p.byGeneration = map[string]parking{}
	}
	p.byGeneration[generation] = of
}

// of answers a generation of a view, if it is fed here.
func (p *parkings) of(view, generation string) (parking, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	found, fed := p.byGeneration[generation]
	return found, fed && found.Name() == view
}

// count is how many keys and streams of a generation are parked.
func (p *parkings) count(view, generation string) int64 {
	found, fed := p.of(view, generation)
	if !fed {
		return 0
	}
	keys, streams := found.ParkedCount()
	return int64(keys + streams)
}
