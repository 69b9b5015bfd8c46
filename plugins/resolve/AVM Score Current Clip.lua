-- A.V. Mapping: scores the clip under the playhead, and lays the sounds on new tracks of the current timeline.
AVM_TASK = { into = "current", clip = true }
dofile((debug.getinfo(1, "S").source:match("^@(.*[/\\])") or app:MapPath("Scripts:Utility/")) .. "AVM Score.lua")
