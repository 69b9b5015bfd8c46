-- A.V. Mapping: opens the page on which the alternatives of the job begun last are heard against picture, and chosen.
local place = debug and debug.getinfo(1, "S").source:match("^@(.*[/\\])")
assert(loadfile((place or (fusion or fu or app):MapPath("Scripts:Utility/")) .. "AVM Score.lua"))({ audition = true })
