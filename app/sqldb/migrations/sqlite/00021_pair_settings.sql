-- +goose Up
-- Configuration of pair matching by app and scene, for operators who keep it
-- here; scene -1 holds for all scenes. Item is a key such as pair.ask_ttl.
CREATE TABLE pair_settings (
    app TEXT NOT NULL,
    scene INTEGER NOT NULL,
    item TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (app, scene, item)
);

-- +goose Down
DROP TABLE pair_settings;
