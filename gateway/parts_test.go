package gateway_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"iter"
	"sync"
	"time"

	"tillstream/commands"
	"tillstream/commands/commandtest"
	"tillstream/events"
	"tillstream/gateway"
	"tillstream/projections"
)

// clock stands still until it is told.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

type follower struct {
	name string
	advancer
}

func (f follower) parked() int64 {
	keys, streams := f.ParkedCount()
	return int64(keys + streams)
}

type advancer interface {
	gateway.ParkedView
	ParkedCount() (keys, streams int)
	Advance(context.Context, projections.Interval) error
	At() projections.Checkpoint
}

// feed is a log that tells the views of what is recorded before the append is acknowledged, unless it is held.
type feed struct {
	*commandtest.Memory
	mu    sync.Mutex
	views []follower
	held  bool
	told  events.Position

	garbled map[events.Position]bool // events that cannot be decoded

	reading   func(ctx context.Context, stream string) error // asked before each read
	appending func(stream string) error                      // asked before each append
	broken    string                                         // a stream that nothing can be appended to
}

func (f *feed) breaks(stream string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.broken = stream
}

// Head implements gateway.Histories.
func (f *feed) Head(context.Context) (events.Position, error) {
	return events.Position(len(f.All())), nil
}

func (f *feed) Read(ctx context.Context, stream string, from uint64) iter.Seq2[events.Recorded, error] {
	return func(yield func(events.Recorded, error) bool) {
		if f.reading != nil {
			if err := f.reading(ctx, stream); err != nil {
				yield(events.Recorded{}, err)
				return
			}
		}
		f.Memory.Read(ctx, stream, from)(yield)
	}
}

func (f *feed) Append(ctx context.Context, stream string, after int64, facts []commands.Draft) (commands.Appended, error) {
	f.mu.Lock()
	refuse, broken := f.appending, f.broken
	f.mu.Unlock()
	if stream == broken {
		return commands.Appended{}, fmt.Errorf("the connection is cut: %w", commands.ErrNotRecorded)
	}
	if refuse != nil {
		if err := refuse(stream); err != nil {
			return commands.Appended{}, err
		}
	}
	a, err := f.Memory.Append(ctx, stream, after, facts)
	if err == nil {
		f.tell()
	}
	return a, err
}

// hold keeps news from the views, or lets them hear again.
func (f *feed) hold(held bool) {
	f.mu.Lock()
	f.held = held
	f.mu.Unlock()
	f.tell()
}

func (f *feed) tell() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.held {
		return
	}
	to := events.Position(len(f.All()))
	for _, v := range f.views {
		if err := v.Advance(context.Background(), f.interval(f.told, to)); err != nil {
			panic(err)
		}
	}
	f.told = to
}

var errGarbled = errors.New("the event is garbled")

// interval is what the log holds between two positions, as far as it can be decoded.
func (f *feed) interval(after, upTo events.Position) projections.Interval {
	i := projections.Interval{Log: logID, From: after, To: upTo}
	for _, r := range f.All()[after:upTo] {
		if f.garbled[r.Position] {
			i.Broken = append(i.Broken, projections.Broken{Wire: r.Type(), Stream: r.Stream, Revision: r.Revision, ID: r.ID, Position: r.Position,
				Data: []byte(`{"garbled`), Err: errGarbled})
		} else {
			i.Facts = append(i.Facts, r)
		}
	}
	return i
}

// garble has the next event of the log be one that cannot be decoded.
func (f *feed) garble() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.garbled == nil {
		f.garbled = map[events.Position]bool{}
	}
	f.garbled[events.Position(len(f.All())+1)] = true
}

// mend has every event be decodable.
func (f *feed) mend() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.garbled = nil
}

// Between implements projections.Log.
func (f *feed) Between(_ context.Context, after, upTo events.Position) iter.Seq2[projections.Interval, error] {
	return func(yield func(projections.Interval, error) bool) { yield(f.interval(after, upTo), nil) }
}

// EventAt implements projections.Log.
func (f *feed) EventAt(_ context.Context, at events.Position) (projections.Interval, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.interval(at-1, at), nil
}

// people keeps keys in memory.
type people struct {
	mu        sync.Mutex
	keys      map[string][32]byte
	forgotten map[string]bool
	damaged   map[string]string // by subject, the file that does not hold its key
	fail      error
}

// damage flips a bit of the key of a subject, where it is kept.
func (p *people) damage(subject, file string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.damaged = map[string]string{subject: file}
}

func (p *people) Key(_ context.Context, subject string) (int, [32]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.forgotten[subject] {
		return 0, [32]byte{}, events.ErrForgotten
	}
	if _, known := p.keys[subject]; !known {
		var key [32]byte
		_, _ = rand.Read(key[:])
		p.keys[subject] = key
	}
	return 1, p.keys[subject], p.fail
}

func (p *people) Open(_ context.Context, subject string, _ int) ([32]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	key, known := p.keys[subject]
	if file, damaged := p.damaged[subject]; damaged {
		return [32]byte{}, fmt.Errorf("%s: %w", file, events.ErrUnreadable)
	}
	if !known {
		return key, events.ErrForgotten
	}
	return key, nil
}

func (p *people) Forget(_ context.Context, subject string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.keys, subject)
	if p.forgotten == nil {
		p.forgotten = map[string]bool{}
	}
	p.forgotten[subject] = true
	return nil
}

// plain is the opened column of a customer.
func (p *people) plain(v any, c projections.Column) string {
	customer, is := v.(projections.Customer)
	if !is {
		return ""
	}
	sealed := map[string]*events.Sealed{events.FieldName: customer.Name, events.FieldEmail: customer.Email}[c.Opens]
	if sealed == nil {
		return ""
	}
	key, err := p.Open(context.Background(), sealed.Subject, sealed.Key)
	if err != nil {
		return ""
	}
	text, _ := sealed.Open(key, c.Opens)
	return string(text)
}

// platform tells of the views of a shop.
type platform struct{ log *feed }

func (p platform) Ready() error {
	p.log.mu.Lock()
	defer p.log.mu.Unlock()
	if p.log.held {
		return errors.New("products does not serve: it is held")
	}
	return nil
}

func (p platform) Views() (list []gateway.ViewStatus) {
	head := events.Position(len(p.log.All()))
	for _, v := range p.log.views {
		list = append(list, gateway.ViewStatus{Name: v.name, Version: 1, Generation: v.name + "_1", Position: v.At().At,
			Parked: v.parked(), Events: v.At().Count, LagEvents: uint64(head - v.At().At), Source: "test", Serving: true})
	}
	return list
}

func (p platform) View(name string) gateway.ViewStatus {
	for _, v := range p.Views() {
		if v.Name == name {
			return v
		}
	}
	return gateway.ViewStatus{}
}

func (p platform) Status(context.Context) (gateway.PlatformStatus, error) {
	n := len(p.log.All())
	return gateway.PlatformStatus{Versions: map[string]string{"till": "test"}, Head: events.Position(n), Events: uint64(n),
		Source: "test", Since: noon, Providers: map[string]string{"event store": "memory"}, StartedAt: noon}, nil
}

type locked struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *locked) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}
