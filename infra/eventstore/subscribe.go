package eventstore

import (
	"bytes"
	"context"

	"github.com/google/uuid"

	"tillstream/infra/eventstore/eventlog"
)

// allSubscription follows $all. What existed when it began is history; then it has caught up. It falls behind when the
// client is so slow that what it has not had yet is no longer in memory.
type allSubscription struct {
	*sender
	filter *filter

	considered uint64 // events looked at since the last checkpoint
}

func (s *allSubscription) run(ctx context.Context, from start) error {
	head := s.log.Head()
	after := from.at
	if from.last {
		after = head
	}
	if err := s.confirm(uuid.NewString()); err != nil {
		return err
	}
	f := s.log.Follow(after)
	live := after >= head
	if live {
		if err := s.caughtUp(); err != nil {
			return err
		}
	}
	for {
		records, wait, inMemory, err := f.Live()
		if err != nil {
			return err
		}
		if !inMemory {
			if live {
				live, head = false, s.log.Head()
				if err := s.fellBehind(); err != nil {
					return err
				}
			}
			if records, err = f.Disk(); err != nil {
				return err
			}
		}
		if err := s.send(records); err != nil {
			return err
		}
		if !live && f.Position() >= head {
			live = true
			if err := s.goLive(f.Position()); err != nil {
				return err
			}
		}
		if wait != nil {
			if err := f.Await(ctx, wait); err != nil {
				return err
			}
		} else if err := ctx.Err(); err != nil {
			return err
		}
	}
}

func (s *allSubscription) send(records []eventlog.Record) error {
	for i := range records {
		r := &records[i]
		if s.filter.matches(r) {
			if err := s.event(r); err != nil {
				return err
			}
		}
		if s.filter == nil {
			continue
		}
		if s.considered++; s.considered >= s.filter.interval {
			if err := s.report(r.Position); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *allSubscription) report(position uint64) error {
	s.considered = 0
	return s.checkpoint(position)
}

// goLive closes the history with a checkpoint, so that a filter that matched nothing has got somewhere.
func (s *allSubscription) goLive(position uint64) error {
	if s.filter != nil && position > 0 {
		if err := s.report(position); err != nil {
			return err
		}
	}
	return s.caughtUp()
}

// streamSubscription follows one stream: its index first, then the newest part of the log in memory.
type streamSubscription struct {
	*sender
	name string
	next uint64 // revision to send next
	page eventlog.Page
}

func (s *streamSubscription) run(ctx context.Context, from start) error {
	v, err := s.log.View(s.name)
	if err != nil {
		return err
	}
	if err := s.confirm(uuid.NewString()); err != nil {
		return err
	}
	switch {
	case from.last:
		s.next = uint64(v.Last + 1)
	case !from.first:
		s.next = from.at + 1
	}
	for {
		head, err := s.catchUp(ctx)
		if err != nil {
			return err
		}
		if err := s.caughtUp(); err != nil {
			return err
		}
		if err := s.live(ctx, s.log.Follow(head)); err != nil {
			return err
		}
		if err := s.fellBehind(); err != nil {
			return err
		}
	}
}

// catchUp sends what the stream's index holds and answers up to which position it has looked.
func (s *streamSubscription) catchUp(ctx context.Context) (head uint64, err error) {
	v, err := s.log.View(s.name)
	if err != nil {
		return 0, err
	}
	if v.Tombstoned {
		return 0, streamDeleted(s.name)
	}
	if v.Missing {
		return v.Head, nil
	}
	from := max(s.next, v.First)
	for {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		if err := s.log.StreamForward(s.name, from, v.Head, eventlog.MaxPageRecords, &s.page); err != nil {
			return 0, err
		}
		for i := range s.page.Records {
			r := &s.page.Records[i]
			from = r.Revision + 1
			s.next = max(s.next, from)
			if r.Created < v.Oldest {
				continue
			}
			if err := s.event(r); err != nil {
				return 0, err
			}
		}
		if s.page.End {
			return v.Head, nil
		}
	}
}

// live sends what is appended from now on; it returns nil when the subscription has fallen behind.
func (s *streamSubscription) live(ctx context.Context, f *eventlog.Follower) error {
	name := []byte(s.name)
	for {
		records, wait, inMemory, err := f.Live()
		if err != nil || !inMemory {
			return err
		}
		for i := range records {
			r := &records[i]
			if r.Revision < s.next || !bytes.Equal(r.Stream, name) {
				continue
			}
			s.next = r.Revision + 1
			if err := s.event(r); err != nil {
				return err
			}
			if r.Revision == eventlog.TombstoneRevision {
				return streamDeleted(s.name)
			}
		}
		if wait == nil {
			continue
		}
		if err := f.Await(ctx, wait); err != nil {
			return err
		}
	}
}
