-- A.V. Mapping: scores, and lays the sounds on new tracks of the current timeline.
local place = debug and debug.getinfo(1, "S").source:match("^@(.*[/\\])")
assert(loadfile((place or (fusion or fu or app):MapPath("Scripts:Utility/")) .. "AVM Score.lua"))({ into = "current", scope = "any" })
