-- A.V. Mapping: scores, and lays the sounds on new tracks of the current timeline.
AVM_TASK = { into = "current" }
dofile((debug.getinfo(1, "S").source:match("^@(.*[/\\])") or app:MapPath("Scripts:Utility/")) .. "AVM Score.lua")
