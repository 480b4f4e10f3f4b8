"""Banner tables: counts, letters, tests of spans, small cells, waves."""
