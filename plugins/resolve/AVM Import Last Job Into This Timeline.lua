-- A.V. Mapping: lays the job that was begun last on new tracks of the current timeline.
AVM_TASK = { into = "current", last = true }
dofile((debug.getinfo(1, "S").source:match("^@(.*[/\\])") or app:MapPath("Scripts:Utility/")) .. "AVM Score.lua")
