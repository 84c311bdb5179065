package handlers

import (
	"encoding/json"
	"math"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"tickertape/topics"
)

// topicInfo is an element of GET /topics.
type topicInfo struct {
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Mode        topics.Mode     `json:"mode"`
	Key         string          `json:"key,omitempty"`      // field that holds the key
	Snapshot    int             `json:"snapshot,omitempty"` // events kept for a snapshot (mode every)
	Schema      json.RawMessage `json:"schema,omitempty"`   // JSON Schema of the data
	Public      bool            `json:"public"`             // part of type=*
	Publish     topics.Access   `json:"publish"`            // "key", "public" or "nobody"
	Retired     bool            `json:"retired,omitempty"`
	Values      int             `json:"values"`      // in a snapshot now
	Events      uint64          `json:"events"`      // since the server started
	Last        *string         `json:"last_event"`  // time of the newest event; null: none
	Rate        float64         `json:"rate"`        // events a second, over about a minute
	Subscribers int             `json:"subscribers"` // readers now
	Feeds       []string        `json:"feeds"`       // ids of the feeds that print on it
}

// getTopics answers GET /topics.
func (h *Handlers) getTopics(c *gin.Context) {
	stats := h.bus.Stats()
	feeds := h.opts.Feeds()
	list := []topicInfo{}
	for _, t := range h.opts.Catalogue.All() {
		s := stats[t.Name]
		info := topicInfo{
			Name:        t.Name,
			Description: t.Description,
			Mode:        t.Mode,
			Key:         t.Key,
			Schema:      t.Schema,
			Public:      !t.Private,
			Publish:     t.Publish,
			Retired:     t.Retired,
			Values:      s.Values,
			Events:      s.Events,
			Rate:        math.Round(s.Rate*1000) / 1000,
			Subscribers: s.Subscribers,
			Feeds:       []string{},
		}
		if info.Publish == topics.ByKey {
			info.Publish = "key"
		}
		if t.Mode == topics.Every {
			info.Snapshot = t.Snapshot
		}
		if !s.Last.IsZero() {
			last := stamp(s.Last)
			info.Last = &last
		}
		for _, f := range feeds {
			if slices.Contains(f.Topics, t.Name) {
				info.Feeds = append(info.Feeds, f.ID)
			}
		}
		list = append(list, info)
	}
	answer(c, map[string]any{"topics": list})
}

// getFeeds answers GET /feeds.
func (h *Handlers) getFeeds(c *gin.Context) {
	list := []any{}
	for _, f := range h.opts.Feeds() {
		list = append(list, f.Status)
	}
	answer(c, map[string]any{"feeds": list})
}

func answer(c *gin.Context, v any) {
	c.Header("Cache-Control", "no-cache")
	c.Data(http.StatusOK, "application/json", append(mustJSON(v), '\n'))
}
