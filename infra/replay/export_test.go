package replay

// Awaited tells whether somebody waits for the readers of a generation to end.
func (s *Switchboard[V]) Awaited(name string) bool {
	g := s.find(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	return g != nil && g.idle != nil
}
