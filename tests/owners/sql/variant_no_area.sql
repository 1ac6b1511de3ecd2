-- Made from migrations alone: zones have no area, that column is of the live database only.
ALTER TABLE zones DROP COLUMN area_type;
DROP TYPE owners_zone_area;
