-- A.V. Mapping: brings in the job that was begun last, as a new timeline; waits for it where it is under way.
AVM_TASK = { into = "new", last = true }
dofile((debug.getinfo(1, "S").source:match("^@(.*[/\\])") or app:MapPath("Scripts:Utility/")) .. "AVM Score.lua")
