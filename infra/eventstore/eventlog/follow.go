package eventlog

import "context"

// Follower takes records in the order of the log after a position, from memory while it keeps up and from disk
// when it does not. It is used by one goroutine.
type Follower struct {
	log     *Log
	after   uint64
	entries [MaxPageRecords]entry
	page    Page
}

// Follow begins after a position; what is newer comes, be it written already or not.
func (l *Log) Follow(after uint64) *Follower { return &Follower{log: l, after: after} }

// Position is that of the last record taken, or where the follower began.
func (f *Follower) Position() uint64 { return f.after }

// Live takes what follows from memory. It answers false when the follower has fallen out of it and must read the
// disk. With no records, wait is closed when there is one, or the log has stopped. The records live until the next call.
func (f *Follower) Live() (records []Record, wait <-chan struct{}, ok bool, err error) {
	if err := f.log.Err(); err != nil {
		return nil, nil, false, err
	}
	n, wait, ok := f.log.feed.after(f.after, f.entries[:])
	if !ok {
		return nil, nil, false, nil
	}
	f.page.reset()
	for i, e := range f.entries[:n] {
		r, err := parseRecord(e.position, e.rec)
		if err != nil {
			return nil, nil, false, f.log.damagedRecord(e.position, err)
		}
		f.page.Records = append(f.page.Records, r)
		f.after = e.position
		f.entries[i] = entry{}
	}
	return f.page.Records, wait, true, nil
}

// Disk takes what follows from disk; the records live until the next call.
func (f *Follower) Disk() ([]Record, error) {
	if err := f.log.Forward(f.after+1, MaxPageRecords, &f.page); err != nil {
		return nil, err
	}
	if n := len(f.page.Records); n > 0 {
		f.after = f.page.Records[n-1].Position
	}
	return f.page.Records, nil
}

// Await waits for the channel Live gave, the end of ctx, or the end of the log.
func (f *Follower) Await(ctx context.Context, wait <-chan struct{}) error {
	select {
	case <-wait:
		return f.log.Err()
	case <-f.log.Stopped():
		return f.log.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}
