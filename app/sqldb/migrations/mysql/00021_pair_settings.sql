-- +goose Up
-- Configuration of pair matching by app and scene, for operators who keep it
-- here; scene -1 holds for all scenes. Item is a key such as pair.ask_ttl.
CREATE TABLE pair_settings (
    app VARBINARY(64) NOT NULL,
    scene INTEGER NOT NULL,
    item VARBINARY(64) NOT NULL,
    value VARBINARY(255) NOT NULL,
    PRIMARY KEY (app, scene, item)
);

-- +goose Down
DROP TABLE pair_settings;
