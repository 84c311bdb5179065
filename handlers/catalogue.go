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
	Key         string          `json:"key,omitempty" doc:"field of the data that holds the key"`
	Snapshot    int             `json:"snapshot,omitempty" doc:"events kept for a snapshot, in mode every"`
	Schema      json.RawMessage `json:"schema,omitempty" doc:"JSON Schema of the data"`
	Public      bool            `json:"public" doc:"part of type=*"`
	Publish     topics.Access   `json:"publish" doc:"who may publish by HTTP: who has the key, anybody, or only feeds"`
	Retired     bool            `json:"retired,omitempty" doc:"the topic is over"`
	Values      int             `json:"values" doc:"in a snapshot now"`
	Events      uint64          `json:"events" doc:"since the server started"`
	Last        *string         `json:"last_event" format:"date-time" doc:"of the newest event; null: none"`
	Rate        float64         `json:"rate" doc:"events a second, over about a minute"`
	Subscribers int             `json:"subscribers" doc:"readers now"`
	Feeds       []string        `json:"feeds" doc:"ids of the feeds that print on it"`
}

// topicList is the answer of GET /topics.
type topicList struct {
	Topics  []topicInfo `json:"topics"`
	Streams int         `json:"streams" doc:"streams that are open now"`
}

// feedList is the answer of GET /feeds.
type feedList struct {
	Feeds []any `json:"feeds" doc:"objects as the topic feeds has them"`
}

// getTopics answers GET /topics.
func (h *Handlers) getTopics(c *gin.Context) {
	stats := h.bus.Stats()
	feeds := h.opts.Feeds()
	list := topicList{Topics: []topicInfo{}, Streams: h.Streams()}
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
		list.Topics = append(list.Topics, info)
	}
	answer(c, list)
}

// getFeeds answers GET /feeds.
func (h *Handlers) getFeeds(c *gin.Context) {
	list := feedList{Feeds: []any{}}
	for _, f := range h.opts.Feeds() {
		list.Feeds = append(list.Feeds, f.Status)
	}
	answer(c, list)
}

func answer(c *gin.Context, v any) {
	c.Header("Cache-Control", "no-cache")
	c.Data(http.StatusOK, "application/json", append(mustJSON(v), '\n'))
}
