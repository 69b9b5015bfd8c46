-- A.V. Mapping: music and sound effects for the current timeline. Workspace > Scripts > AVM Score.
--
-- Exports the timeline into the watch folder, leaves a request there (docs/watch-folder.md), waits, and imports the
-- scored timeline. Where the host has windows (Studio), a dialog asks what to score and where it goes; elsewhere
-- the part between in and out is scored, or the whole timeline where nothing is marked, into a new timeline.
-- Runs in every edition; the console (Workspace > Console) shows progress, too.
-- The other menu items run this file with a task and ask nothing.
--
-- From 21.1 on the free edition has no io, os.execute, package and debug for scripts, prints nothing, and lets them
-- load Lua chunks only [reported by several users]. There the export's name is the request, the program answers in
-- Lua, and messages come as a marker (avm_otio/jobs/watch/exports.py).
--
-- A task: into = "new" or "current"; scope = "any" (what is marked, else the whole timeline), "marked", "whole" or
-- "clip"; last = true for the request left last; from the dialog also services, budget and alternatives. Or
-- audition = true: the page of the request left last, which the program opens, since no call of the host is documented.

local given = ...
local asks = type(given) ~= "table" -- whether the dialog asks for the task, where there are windows
local task = asks and { into = "new", scope = "any" } or given

local NEEDS = "0.1.0" -- the oldest avm-otio that this item works with
local HAS_FILES = io ~= nil and os.execute ~= nil and os.rename ~= nil
local IS_WINDOWS = (package and package.config:sub(1, 1) == "\\") or (jit and jit.os == "Windows") or false
local LAST = "AVM Last Resolve Job.txt" -- in the watch folder: the request that was left last
local SILENCE_S = 1.75 -- a watcher that lives changes its file every second; that none does is said within two
local GONE_S, LOOK_S = 30, 0.5 -- one that was started needs a moment to begin
local CELLS, STEP_S = 30, 0.05 -- of the window: its bar, and how often it is kept alive
local NEAR_MS = 1 -- what nobody hears of an in point
local COLORS = { music = "Blue", effects = "Green", dialogue = "Cyan" }

-- What the dialog offers.
local SCOPES = { { "marked", "Marked in to out" }, { "whole", "Whole timeline" }, { "clip", "Clip under the playhead" } }
local SERVICES = { { "music", "Music", true }, { "effects", "Sound effects", true }, { "denoise", "Noise reduction", false } }
local PLACES = { { "new", "A new timeline" }, { "current", "New tracks of this timeline" } }
local MOST_ALTERNATIVES = 9
local NOTHING = "Nothing is selected: mark in and out, or choose a clip, or score the whole timeline."

-- What went wrong is raised as a plain text and shown as it is; see the end of this file.
local function fail(text) error({ text = text }, 0) end

local messages = {} -- shown to the user so far
local shown -- the window; nil where the host has none

local function say(text)
  messages[#messages + 1] = text
  print("[AVM] " .. text)
  if shown and shown.parts.Messages then shown.parts.Messages.PlainText = table.concat(messages, "\n") end
end

-- JSON: as much of it as the files of a watch folder hold.

local ESCAPES = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t", ['"'] = '"', ["\\"] = "\\", ["/"] = "/" }

local function utf8(code)
  if code < 0x80 then return string.char(code) end
  if code < 0x800 then return string.char(0xC0 + math.floor(code / 0x40), 0x80 + code % 0x40) end
  if code < 0x10000 then
    return string.char(0xE0 + math.floor(code / 0x1000), 0x80 + math.floor(code / 0x40) % 0x40, 0x80 + code % 0x40)
  end
  return string.char(0xF0 + math.floor(code / 0x40000), 0x80 + math.floor(code / 0x1000) % 0x40,
    0x80 + math.floor(code / 0x40) % 0x40, 0x80 + code % 0x40)
end

local function decoded(text)
  local at = 1
  local value

  local function skip() at = text:find("[^ \t\r\n]", at) or #text + 1 end

  local function string_value()
    local parts = {}
    at = at + 1
    while true do
      local stop = text:find('["\\]', at) or error("a string that does not end")
      parts[#parts + 1] = text:sub(at, stop - 1)
      at = stop + 1
      if text:sub(stop, stop) == '"' then return table.concat(parts) end
      local sign = text:sub(at, at)
      at = at + 1
      if sign == "u" then
        local code = tonumber(text:sub(at, at + 3), 16) or error("a wrong escape")
        at = at + 4
        if code >= 0xD800 and code < 0xDC00 and text:sub(at, at + 1) == "\\u" then
          code = 0x10000 + (code - 0xD800) * 0x400 + (tonumber(text:sub(at + 2, at + 5), 16) or 0xDC00) - 0xDC00
          at = at + 6
        end
        parts[#parts + 1] = utf8(code)
      else
        parts[#parts + 1] = ESCAPES[sign] or error("a wrong escape")
      end
    end
  end

  local function members(closing, one)
    local made = {}
    at = at + 1
    skip()
    if text:sub(at, at) == closing then at = at + 1 return made end
    while true do
      one(made)
      skip()
      local sign = text:sub(at, at)
      at = at + 1
      if sign == closing then return made end
      if sign ~= "," then error("a comma is missing") end
      skip()
    end
  end

  function value()
    skip()
    local sign = text:sub(at, at)
    if sign == '"' then return string_value() end
    if sign == "{" then
      return members("}", function(made)
        local name = string_value()
        skip()
        if text:sub(at, at) ~= ":" then error("a colon is missing") end
        at = at + 1
        made[name] = value()
      end)
    end
    if sign == "[" then
      return members("]", function(made) made[#made + 1] = value() end)
    end
    for word, meaning in pairs({ ["true"] = true, ["false"] = false }) do
      if text:sub(at, at + #word - 1) == word then at = at + #word return meaning end
    end
    if text:sub(at, at + 3) == "null" then at = at + 4 return nil end
    local number = text:match("^-?%d[%d.eE+-]*", at) or error("no value")
    at = at + #number
    return tonumber(number)
  end

  return value()
end

local SIGNS = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }

local function encoded(text)
  return '"' .. text:gsub('[%c"\\]', function(sign) return SIGNS[sign] or ("\\u%04x"):format(sign:byte()) end) .. '"'
end

-- Files.

local function read(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local text = file:read("*a")
  file:close()
  return text
end

-- What a Lua chunk returns that is plain data: it is text, and can call nothing. Nil where there is none, or none
-- that is whole.
local function load_data(path)
  local chunk = loadfile(path, "t", {})
  if not chunk then return nil end
  if setfenv then setfenv(chunk, {}) end -- a plain Lua 5.1 takes no environment above
  local ok, found = pcall(chunk)
  return ok and type(found) == "table" and found or nil
end

-- A JSON file, or its twin in Lua; nil where there is none, or none that is whole yet.
local function read_json(path)
  if not HAS_FILES then return load_data((path:gsub("%.json$", ".lua"))) end
  local text = read(path)
  if not text then return nil end
  local ok, found = pcall(decoded, text)
  return ok and type(found) == "table" and found or nil
end

local function fail_to_write(what)
  fail(what .. " may not be written: choose another watch folder with "
    .. "avm-otio plugin install resolve --watch-folder DIR.")
end

local function write(path, text)
  local file = io.open(path, "wb") or fail_to_write(path)
  local ok = file:write(text)
  if not (ok and file:close()) then fail("The disk is full: " .. path .. " was not written. Free some room.") end
end

local function exists(path)
  if not HAS_FILES then return bmd.fileexists(path) end
  local file = io.open(path, "rb")
  if file then file:close() end
  return file ~= nil
end

local function quoted(text)
  if IS_WINDOWS then return '"' .. text:gsub('"', "") .. '"' end
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

-- Lua 5.1 answers with a code, later ones with true.
local function runs(command)
  local code = os.execute(command)
  return code == 0 or code == true
end

local function is_folder(path)
  if bmd and bmd.direxists then return bmd.direxists(path) end
  return runs(IS_WINDOWS and ('if not exist %s\\ exit 1'):format(quoted(path)) or "test -d " .. quoted(path))
end

-- The window: in the dialog what is asked for, always how far it is and a way to end it. Nil where the host has none.

-- The rows of the dialog in which the task is chosen.
local function form(ui)
  local function row(words, part)
    return ui:HGroup({ Weight = 0, ui:Label({ Text = words, Weight = 0.4 }), part })
  end
  local rows = { row("Score", ui:ComboBox({ ID = "Scope", Weight = 0.6 })) }
  for number, service in ipairs(SERVICES) do
    rows[#rows + 1] = row(number == 1 and "Ask for" or "",
      ui:CheckBox({ ID = service[1], Text = service[2], Checked = service[3], Weight = 0.6 }))
  end
  rows[#rows + 1] = row("Budget, at most", ui:LineEdit({ ID = "Budget", PlaceholderText = "no limit", Weight = 0.6 }))
  rows[#rows + 1] = row("Alternatives, switched off", ui:ComboBox({ ID = "Alternatives", Weight = 0.6 }))
  rows[#rows + 1] = row("Import into", ui:ComboBox({ ID = "Into", Weight = 0.6 }))
  return rows
end

local function fill_form(parts)
  for _, scope in ipairs(SCOPES) do parts.Scope:AddItem(scope[2]) end
  for _, place in ipairs(PLACES) do parts.Into:AddItem(place[2]) end
  for number = 0, MOST_ALTERNATIVES do parts.Alternatives:AddItem(tostring(number)) end
  parts.Alternatives.CurrentIndex = 1
end

local function open_window()
  local ok, made = pcall(function()
    local ui = (fusion or fu or resolve:Fusion()).UIManager
    local loop = bmd.UIDispatcher(ui)
    local rows = asks and form(ui) or {}
    rows[#rows + 1] = ui:Label({ ID = "Step", Text = "", WordWrap = true, Weight = 0 })
    rows[#rows + 1] = ui:Label({ ID = "Bar", Text = "", Weight = 0 })
    local cancel = ui:Button({ ID = "Cancel", Text = "Cancel", Enabled = not asks })
    if asks then
      rows[#rows + 1] = ui:TextEdit({ ID = "Messages", ReadOnly = true, Weight = 1 })
      rows[#rows + 1] = ui:HGroup({ Weight = 0, ui:Button({ ID = "Last", Text = "Import Last Job" }),
        ui:Button({ ID = "Audition", Text = "Audition…" }), cancel, ui:Button({ ID = "Score", Text = "Score" }) })
    else
      rows[#rows + 1] = cancel
    end
    local size = asks and { 300, 200, 460, 470 } or { 300, 200, 420, 120 }
    local window = loop:AddWindow({ ID = "AVMScore", WindowTitle = "AVM Score", Geometry = size }, { ui:VGroup(rows) })
    local opened = { loop = loop, window = window, parts = window:GetItems() }
    window.On.Cancel.Clicked = function() opened.is_cancelled = true end
    window.On.AVMScore.Close = function() opened.is_closed = true end
    if asks then
      fill_form(opened.parts)
      for _, button in ipairs({ "Score", "Last", "Audition" }) do
        window.On[button].Clicked = function() opened.pressed = button end
      end
    end
    window:Show()
    return opened
  end)
  return ok and made or nil
end

local function show(words, part)
  local percent = part and (" %d %%"):format(math.floor(100 * part)) or ""
  if words ~= "" then print("[AVM] " .. words .. percent) end
  if not shown then return end
  local full = math.floor(CELLS * (part or 0) + 0.5)
  shown.parts.Step.Text = words
  shown.parts.Bar.Text = part and ("█"):rep(full) .. ("░"):rep(CELLS - full) .. percent or ""
end

local function pause(seconds)
  for _ = 1, shown and math.max(1, math.floor(seconds / STEP_S + 0.5)) or 0 do
    pcall(shown.loop.StepLoop, shown.loop, false) -- it raises for an event that nobody asked for
    if shown.is_closed then fail("The window was closed. The job goes on: choose AVM Import Last Job.") end
    bmd.wait(STEP_S)
  end
  if shown then return end
  if bmd and bmd.wait then return bmd.wait(seconds) end
  os.execute(IS_WINDOWS and "ping -n 2 127.0.0.1 >nul" or "sleep " .. seconds)
end

-- The program.

local function here()
  local place = debug and debug.getinfo(1, "S").source:match("^@(.*[/\\])")
  local host = fusion or fu or app or (resolve and resolve:Fusion())
  return place or (host and host:MapPath("Scripts:Utility/")) or ""
end

local function settings()
  local path = here() .. (HAS_FILES and "AVM Score.json" or "AVM Score.settings")
  local found = HAS_FILES and read_json(path) or load_data(path)
  if not (found and type(found.program) == "table" and found.watch_folder) then
    fail("avm-otio was not found: " .. path .. " does not say where it is. Install it (pip install avm-otio), "
      .. "then run: avm-otio plugin install resolve")
  end
  if not is_folder(found.watch_folder) then
    fail("The watch folder " .. found.watch_folder .. " is not there: make it, or run: "
      .. "avm-otio plugin install resolve --watch-folder DIR")
  end
  return found
end

local function is_older(version, than)
  local ours, theirs = version:gmatch("%d+"), than:gmatch("%d+")
  for _ = 1, 3 do
    local one, other = tonumber(ours() or 0), tonumber(theirs() or 0)
    if one ~= other then return one < other end
  end
  return false
end

local function check_version(version)
  if version and is_older(version, NEEDS) then
    fail(("avm-otio %s is older than this menu item (needs %s): update it (pip install -U avm-otio)."):format(version, NEEDS))
  end
end

-- Whether somebody watches: two readings of its file, a little apart, differ. Nobody's clock is asked.
local function beat_in(folder)
  local watcher = read_json(folder .. "/watcher.json")
  return watcher and tostring(watcher.id) .. " " .. tostring(watcher.beat)
end

local function is_watched(folder)
  local before = beat_in(folder)
  if not before then return false end
  for _ = 1, SILENCE_S * 4 do
    pause(0.25)
    local after = beat_in(folder)
    if after and after ~= before then
      check_version((read_json(folder .. "/watcher.json") or {}).program)
      return true
    end
  end
  return false
end

-- Carry out what lies in the watch folder, in a process that outlives this host.
local function start(found)
  if not HAS_FILES or found.starts_programs == false then return false end
  local program = found.program[1]
  check_version(found.program_version)
  if not exists(program) then
    fail("avm-otio was not found at " .. program .. ": install it (pip install avm-otio), then run: "
      .. "avm-otio plugin install resolve")
  end
  local words = {}
  for _, word in ipairs(found.program) do words[#words + 1] = quoted(word) end
  local call = table.concat(words, " ") .. " watch " .. quoted(found.watch_folder) .. " --once"
  -- What the host sets for its own Python and libraries would break the program's.
  return runs(IS_WINDOWS and 'set "PYTHONHOME=" & set "PYTHONPATH=" & start "" /min ' .. call
    or "env -u PYTHONHOME -u PYTHONPATH -u LD_LIBRARY_PATH nohup " .. call .. " >/dev/null 2>&1 </dev/null &")
end

-- Timecode.

local DROPS = { [30] = 2, [60] = 4 } -- frame numbers left out each minute but the tenth; SMPTE ST 12-1

local function timecode(frame, base, is_drop)
  if is_drop then
    local drops = DROPS[base]
    local a_minute, ten_minutes = base * 60 - drops, base * 600 - drops * 9
    local tens, rest = math.floor(frame / ten_minutes), frame % ten_minutes
    frame = frame + drops * 9 * tens + drops * math.max(0, math.floor((rest - drops) / a_minute))
  end
  local seconds = math.floor(frame / base)
  return ("%02d:%02d:%02d%s%02d"):format(math.floor(seconds / 3600), math.floor(seconds / 60) % 60, seconds % 60,
    is_drop and ";" or ":", frame % base)
end

-- The host.

local function current()
  local host = resolve or (Resolve and Resolve()) or fail("This runs inside DaVinci Resolve only: Workspace > Scripts.")
  local project = host:GetProjectManager():GetCurrentProject() or fail("No project is open: open one and run this again.")
  local timeline = project:GetCurrentTimeline() or fail("No timeline is open: open one and run this again.")
  return host, project, timeline
end

-- Every name seems to be there on the host's objects, so what a call answers tells whether it is.
local function needs(answer, host, call, since)
  if answer == nil then
    fail(("DaVinci Resolve %s has no %s: it is there from %s on."):format(host:GetVersionString() or "?", call, since))
  end
  return answer
end

-- What is to be scored, as timecodes; nothing for the whole timeline.
local function range(host, timeline, scope)
  if scope == "whole" then return nil end
  local rate = tostring(timeline:GetSetting("timelineFrameRate") or "")
  local base = math.ceil(tonumber(rate:match("[%d.]+") or "24"))
  local is_drop = timeline:GetSetting("timelineDropFrameTimecode") == "1" and DROPS[base] ~= nil
  local first, last
  if scope == "clip" then
    local item = timeline:GetCurrentVideoItem() or fail(NOTHING)
    first, last = item:GetStart(), item:GetEnd()
  else
    local marks = needs(timeline:GetMarkInOut(), host, "Timeline.GetMarkInOut", "18.6")
    local marked = marks.video or marks.audio
    if not (marked and (marked["in"] or marked.out)) then
      if scope == "marked" then fail(NOTHING) end
      return nil
    end
    local start, ends = timeline:GetStartFrame(), timeline:GetEndFrame()
    -- Documented by an example only, with offsets from the timeline's start; absolute frames would lie past its end.
    if start + (marked["in"] or marked.out) >= ends then start = 0 end
    -- The frame of the mark out belongs to what is marked.
    first = marked["in"] and start + marked["in"] or timeline:GetStartFrame()
    last = marked.out and start + marked.out + 1 or ends
  end
  return timecode(first, base, is_drop), timecode(last, base, is_drop)
end

local function plain_name(timeline)
  return timeline:GetName():gsub("[^%w%-_ ]", "_"):sub(1, 60) .. os.date(" %Y-%m-%d %H%M%S")
end

local function export(host, timeline, path)
  needs(host.EXPORT_OTIO, host, "EXPORT_OTIO", "18.5")
  return timeline:Export(path, host.EXPORT_OTIO, host.EXPORT_NONE)
    or fail("DaVinci Resolve did not export " .. timeline:GetName() .. ": save the project and run this again.")
end

-- The export alone, whose name says the rest; a watcher moves it into a folder of that name.
local function leave_export(found, host, timeline)
  local tc_in, tc_out = range(host, timeline, task.scope)
  local marked = tc_in and (" (in %s out %s)"):format(tc_in, tc_out):gsub(":", ".") or ""
  local folder = found.watch_folder .. "/" .. plain_name(timeline) .. marked .. ".score"
  export(host, timeline, folder .. ".otio")
  if not (exists(folder .. ".otio") or is_folder(folder)) then
    fail_to_write("The watch folder " .. found.watch_folder)
  end
  return folder
end

local function free_folder(watch_folder, plain)
  local found, number = plain, 1
  while is_folder(watch_folder .. "/" .. found) do
    number = number + 1
    found = plain .. " " .. number
  end
  return found
end

-- The amount of money that was typed; nil for none.
local function amount(text)
  local typed = text:match("^%s*(.-)%s*$")
  if typed == "" then return nil end
  local plain = typed:gsub(",", ".")
  if not (plain:match("^%d+$") or plain:match("^%d+%.%d+$")) then
    fail(typed .. " is no amount of money: write it like 250 or 99.50, or leave it empty.")
  end
  return plain
end

-- The request as JSON; docs/schemas/request.schema.json.
local function request_json(host, timeline)
  local tc_in, tc_out = range(host, timeline, task.scope)
  local fields = { '"timeline": "cut.otio"', '"output": "scored.otio"', '"editor": "resolve"' }
  local function add(name, value) fields[#fields + 1] = ('"%s": %s'):format(name, value) end
  if tc_in then
    add("tc_in", encoded(tc_in))
    add("tc_out", encoded(tc_out))
  end
  if task.services then add("services", '["' .. table.concat(task.services, '", "') .. '"]') end
  local budget = amount(task.budget or "")
  if budget then add("budget_max", budget) end
  if task.alternatives then add("alternatives", task.alternatives) end
  return "{" .. table.concat(fields, ", ") .. "}\n"
end

local function made_folder(found, plain)
  local name = free_folder(found.watch_folder, plain)
  local folder = found.watch_folder .. "/" .. name
  if not runs("mkdir " .. quoted(IS_WINDOWS and folder:gsub("/", "\\") or folder)) then
    fail_to_write("The watch folder " .. found.watch_folder)
  end
  return folder, name
end

local function put_request(folder, request)
  write(folder .. "/request.part", request)
  if not os.rename(folder .. "/request.part", folder .. "/request.json") then
    fail("The request in " .. folder .. " could not be left: look whether the disk is full.")
  end
end

local function leave_request(found, host, timeline)
  local request = request_json(host, timeline)
  local folder, name = made_folder(found, plain_name(timeline))
  export(host, timeline, folder .. "/cut.otio")
  if not exists(folder .. "/cut.otio") then
    fail("DaVinci Resolve did not export " .. timeline:GetName() .. ": save the project and run this again.")
  end
  write(found.watch_folder .. "/" .. LAST, name .. "\n")
  put_request(folder, request)
  return folder
end

-- The request for the audition page of an earlier one.
local function leave_page_request(found, host, timeline, scored)
  local plain = scored .. os.date(" (%Y-%m-%d %H%M%S)")
  if HAS_FILES then
    local folder = made_folder(found, "Audition " .. plain)
    put_request(folder, ('{"audition": %s, "open": true}\n'):format(encoded(scored)))
    return folder
  end
  local folder = found.watch_folder .. "/" .. plain .. ".audition"
  export(host, timeline, folder .. ".otio")
  return folder
end

-- What the program answers in a file of that name, "result" or "page"; raises what it said where it failed.
local function await(found, folder, name)
  local ask = ('run  avm-otio watch "%s"  and leave it open. The request waits there'):format(found.watch_folder)
  if not (exists(folder .. "/result.json") or exists(folder .. "/error.json")) and not is_watched(found.watch_folder) then
    if not start(found) then
      fail(("Nobody watches %s: %s; then choose AVM Import Last Job."):format(found.watch_folder, ask))
    end
  end
  local sequence, beat, silent, seen = 0, beat_in(found.watch_folder), 0, {}
  while true do
    local answer = read_json(folder .. "/" .. name .. ".json")
    if answer then return answer end
    local wrong = read_json(folder .. "/error.json")
    if wrong and wrong.kind == "CancelledError" then
      fail("Cancelled. What was paid for is kept: score again, and it goes on.")
    end
    if wrong then fail(wrong.message .. " " .. (wrong.hint or "")) end
    if not (is_folder(folder) or exists(folder .. ".otio")) then fail(folder .. " was deleted: run AVM Score again.") end
    if shown and shown.is_cancelled and not exists(folder .. "/cancel") then
      write(folder .. "/cancel", "")
      show("Cancelling…")
    end
    local progress = read_json(folder .. "/progress.json")
    if progress and progress.sequence ~= sequence then
      sequence = progress.sequence
      for _, message in ipairs(progress.messages or {}) do
        if not seen[message] then say(message) end
        seen[message] = true
      end
      show(progress.label, progress.total and progress.total > 0 and (progress.done or 0) / progress.total or nil)
    end
    local before = beat
    beat = beat_in(found.watch_folder)
    silent = beat == before and silent + LOOK_S or 0
    if silent >= GONE_S then
      fail(("Nobody watches %s any more: %s; then choose AVM Import Last Job."):format(found.watch_folder, ask))
    end
    pause(LOOK_S)
  end
end

-- What is heard, then the alternatives.
local function all_clips(result)
  local all = {}
  for _, clip in ipairs(result.clips) do all[#all + 1] = clip end
  for _, clip in ipairs(result.spare_clips or {}) do all[#all + 1] = clip end
  return all
end

-- What is heard, for people: a piece of music that lies in several parts is one.
local function pieces(result)
  local found = {}
  for _, clip in ipairs(result.clips) do
    if (clip.part or 0) == 0 then found[#found + 1] = clip end
  end
  return found
end

-- Into a new timeline.

local function free_name(project, wanted)
  local taken = {}
  for index = 1, project:GetTimelineCount() do taken[project:GetTimelineByIndex(index):GetName()] = true end
  local name, number = wanted, 1
  while taken[name] do
    number = number + 1
    name = wanted .. " " .. number
  end
  return name
end

local function check_media(result)
  for _, clip in ipairs(all_clips(result)) do
    if not (clip.file and exists(clip.file)) then
      fail("The sound " .. (clip.file or clip.title) .. " is not there: run AVM Score again, what was paid for is kept.")
    end
  end
end

local function sounds_in(timeline)
  local count = 0
  for index = 1, timeline:GetTrackCount("audio") do
    if timeline:GetTrackName("audio", index):match("^AVM ") then
      count = count + #(timeline:GetItemListInTrack("audio", index) or {})
    end
  end
  return count
end

local function import_new(project, timeline, result)
  local name = free_name(project, timeline:GetName() .. " scored")
  local pool = project:GetMediaPool()
  local made = pool:ImportTimelineFromFile(result.output, { timelineName = name, importSourceClips = true })
  if not made then -- the App Store's edition imports no media with a timeline [reported]: they must be in the pool before
    for _, clip in ipairs(all_clips(result)) do pool:ImportMedia({ clip.file }) end
    made = pool:ImportTimelineFromFile(result.output,
      { timelineName = name, importSourceClips = false, sourceClipsFolders = { pool:GetRootFolder() } })
  end
  if not made then
    fail("DaVinci Resolve did not import " .. result.output .. " and does not say why. Save the project once, look "
      .. "whether its media are online, then choose AVM Import Last Job.")
  end
  local there, wished = sounds_in(made), #all_clips(result)
  if there < wished then
    say(("Only %d of %d sounds came into %s: relink its media, or lay them with AVM Import Last Job Into This Timeline.")
      :format(there, wished, name))
  end
  say(("%s: %d sounds, %s %s."):format(name, #pieces(result), result.total_price, result.currency))
end

-- Into this timeline.

-- Clips in lanes of which none overlap: the host drops the later one without a word.
local function lanes_of(clips)
  local lanes, order = {}, {}
  table.sort(clips, function(one, other) return one.record_frame < other.record_frame end)
  for _, clip in ipairs(clips) do
    local name, number = clip.track, 1
    while lanes[name] and lanes[name].ends > clip.record_frame do
      number = number + 1
      name = clip.track .. " " .. number
    end
    if not lanes[name] then
      lanes[name] = { name = name, clips = {} }
      order[#order + 1] = lanes[name]
    end
    local lane = lanes[name]
    lane.clips[#lane.clips + 1] = clip
    lane.ends = clip.record_frame + clip.frames
  end
  table.sort(order, function(one, other) return one.name < other.name end)
  return order
end

local function pool_items(pool, result)
  local items = {}
  for _, clip in ipairs(all_clips(result)) do
    if not items[clip.file] then
      local made = pool:ImportMedia({ clip.file })
      items[clip.file] = made and made[1] or fail("DaVinci Resolve did not import the sound " .. clip.file
        .. ": look whether it plays elsewhere, then choose AVM Import Last Job.")
    end
  end
  return items
end

-- Frames a second: "25", "24000/1001".
local function rate_of(text)
  local frames, seconds = text:match("^(%d+)/(%d+)$")
  return frames and frames / seconds or tonumber(text)
end

-- Where in its file a clip begins, in frames: a number with a fraction, which the maker allows there.
local function media_frame(clip, rate)
  return math.floor((clip.media_start_us or 0) * rate / 1000 + 0.5) / 1000
end

local function append(pool, item, clip, index, start, last, rate)
  local first = media_frame(clip, rate)
  local made = pool:AppendToTimeline({ {
    mediaPoolItem = item, startFrame = first, endFrame = first + last, mediaType = 2, trackIndex = index,
    recordFrame = start + clip.record_frame,
  } })
  return made and made[1]
end

-- What does not begin in its file where it should, as far as the host tells: it may count files in whole frames.
local function begun_elsewhere(made, clip, rate)
  local seconds, frames = made:GetSourceStartTime(), made:GetLeftOffset(true)
  local got = tonumber(seconds) or tonumber(frames) and frames / rate
  -- One that tells nothing is taken to round.
  got = got or math.floor(media_frame(clip, rate) + 0.5) / rate
  local late_ms = 1000 * got - (clip.media_start_us or 0) / 1000
  return math.abs(late_ms) > NEAR_MS and ("%s %s %+.0f ms"):format(clip.timecode, clip.title, late_ms) or nil
end

-- Whether the frame named last is played differs among versions: the first sound that is long enough shows it.
local function lay_at(pool, timeline, item, clip, index, start, seen)
  local function append_to(last) return append(pool, item, clip, index, start, last, seen.rate) end
  local last = clip.frames - 1 + (seen.more or 0)
  local made = append_to(last)
  -- A sound may end within its last frame: a host that counts whole ones has one less.
  if not made and last > 0 then return append_to(last - 1) end
  if not made or seen.more then return made end
  if made:GetDuration() == clip.frames then
    seen.more = 0
  elseif timeline:DeleteClips({ made }) then
    made = append_to(clip.frames)
    -- A sound that ends within its last frame is short either way, and shows nothing.
    if made and made:GetDuration() == clip.frames then seen.more = 1 end
  end
  return made
end

local function lay(pool, timeline, item, clip, index, start, seen)
  local made = lay_at(pool, timeline, item, clip, index, start, seen)
  local moved = made and begun_elsewhere(made, clip, seen.rate)
  if moved then seen.moved[#seen.moved + 1] = moved end
  return made
end

local function missing_in(timeline, index, lane, start)
  local there = {}
  for _, item in ipairs(timeline:GetItemListInTrack("audio", index) or {}) do
    there[item:GetStart()] = item:GetDuration()
  end
  local missing = {}
  for _, clip in ipairs(lane.clips) do
    local frames = there[start + clip.record_frame]
    -- A sound may end within its last frame, which the host then leaves out.
    if not frames or frames > clip.frames or frames < clip.frames - 1 then
      missing[#missing + 1] = clip.timecode .. " " .. clip.title
    end
  end
  return missing
end

local function new_track(timeline, name)
  local before = timeline:GetTrackCount("audio")
  timeline:AddTrack("audio", "stereo") -- mono where no kind is said
  local index = timeline:GetTrackCount("audio")
  if index ~= before + 1 then
    fail("DaVinci Resolve added no track to " .. timeline:GetName() .. ": unlock it, then choose AVM Import Last Job.")
  end
  timeline:SetTrackName("audio", index, name)
  return index
end

-- One marker a frame is all that the host takes, so cues that begin together share one.
local function mark(timeline, result)
  local cues, order = {}, {}
  for _, clip in ipairs(pieces(result)) do
    local price = clip.is_bought and " (bought)"
      or clip.price and (" (%s %s)"):format(clip.price, result.currency) or ""
    local at = clip.record_frame
    if not cues[at] then
      cues[at] = { title = clip.title, kind = clip.kind, notes = {} }
      order[#order + 1] = at
    end
    table.insert(cues[at].notes, clip.title .. price)
  end
  local left = 0
  for _, at in ipairs(order) do
    local cue = cues[at]
    if not timeline:AddMarker(at, COLORS[cue.kind] or "Blue", cue.title, table.concat(cue.notes, "\n"), 1, "avm") then
      left = left + 1
    end
  end
  if left > 0 then say(left .. " markers were left out: there is one already at their frame.") end
end

-- Alternatives, switched off; how many. Where the host cannot switch one off, none is left there to be heard.
local function lay_spare(pool, timeline, items, result, start, seen, missing)
  local spare = result.spare_clips or {}
  for _, lane in ipairs(lanes_of(spare)) do
    local index = new_track(timeline, lane.name)
    for _, clip in ipairs(lane.clips) do
      local made = lay(pool, timeline, items[clip.file], clip, index, start, seen)
      if made then
        made:SetClipEnabled(false)
        if made:GetClipEnabled() ~= false then
          timeline:DeleteClips({ made })
          timeline:DeleteTrack("audio", index)
          say("This DaVinci Resolve cannot switch clips off: alternatives are in the new timeline only.")
          return 0
        end
      end
    end
    for _, one in ipairs(missing_in(timeline, index, lane, start)) do missing[#missing + 1] = one end
  end
  return #spare
end

-- Whether tracks of an earlier scoring are heard where sounds of this one belong.
local function is_heard_there(timeline, clips, start)
  for index = 1, timeline:GetTrackCount("audio") do
    local name = timeline:GetTrackName("audio", index)
    local is_heard = name:match("^AVM ") and not name:match(" alternatives ")
    for _, item in ipairs(is_heard and timeline:GetItemListInTrack("audio", index) or {}) do
      for _, clip in ipairs(clips) do
        local at = start + clip.record_frame
        if item:GetStart() < at + clip.frames and item:GetEnd() > at then return true end
      end
    end
  end
  return false
end

local function lay_into(project, timeline, result)
  local pool, start = project:GetMediaPool(), timeline:GetStartFrame()
  if is_heard_there(timeline, result.clips, start) then
    say("Sounds of an earlier scoring are heard at the same place: mute or delete them.")
  end
  local items, missing, quieter, dialogue = pool_items(pool, result), {}, false, false
  local seen = { rate = rate_of(result.rate), moved = {} }
  project:SetCurrentTimeline(timeline) -- clips are appended to whichever is current
  for _, lane in ipairs(lanes_of(result.clips)) do
    local index = new_track(timeline, lane.name)
    for _, clip in ipairs(lane.clips) do
      lay(pool, timeline, items[clip.file], clip, index, start, seen)
      dialogue = dialogue or clip.kind == "dialogue"
      quieter = quieter or clip.gain_db ~= 0 or #(clip.keys or {}) > 0 or clip.cross_fade_us
        or clip.fade_in_us ~= 0 or clip.fade_out_us ~= 0 or clip.speed ~= "1"
    end
    for _, one in ipairs(missing_in(timeline, index, lane, start)) do missing[#missing + 1] = one end
  end
  local spare = lay_spare(pool, timeline, items, result, start, seen, missing)
  mark(timeline, result)
  if quieter then
    say("DaVinci Resolve lets no script set gains, levels over time, fades, crossfades and speeds: music is not turned "
      .. "down under speech and its parts are cut; they are in the new timeline of AVM Import Last Job.")
  end
  if #seen.moved > 0 then
    say("These begin elsewhere in their files than they should, exactly only in the new timeline of AVM Import Last Job: "
      .. table.concat(seen.moved, "; ") .. ".")
  end
  if dialogue then say("The noise-reduced sound lies beside your own: mute one of them.") end
  if #missing > 0 then
    fail(("%d of %d sounds did not come where they belong: %s. Take the new tracks away and choose AVM Import Last Job.")
      :format(#missing, #result.clips + spare, table.concat(missing, "; ")))
  end
  say(("%s: %d sounds laid, %s %s."):format(timeline:GetName(), #pieces(result), result.total_price, result.currency))
end

-- What the menu item does.

local function last_name(watch_folder)
  if HAS_FILES then return read(watch_folder .. "/" .. LAST) end
  return (load_data(watch_folder .. "/AVM Last Resolve Job.lua") or {}).name
end

local function audition(found, host, timeline, scored)
  local page = await(found, leave_page_request(found, host, timeline, scored), "page")
  if page.address then
    fail(("No browser could be opened by itself. Open this address on %s, it is of use once: %s"):format(page.host,
      page.address))
  end
  say(("The page is open in the browser of %s. Choose there and press Update the timeline, then choose AVM Import "
    .. "Last Job."):format(page.host))
end

local function work()
  local host, project, timeline = current()
  local found = settings()
  local folder
  if task.last or task.audition then
    local name = last_name(found.watch_folder)
      or fail("No job was begun from DaVinci Resolve yet in " .. found.watch_folder .. ": choose AVM Score.")
    name = name:gsub("%s+$", "")
    if task.audition then return audition(found, host, timeline, name) end
    folder = found.watch_folder .. "/" .. name
  else
    folder = (HAS_FILES and leave_request or leave_export)(found, host, timeline)
  end
  local result = await(found, folder, "result")
  for _, note in ipairs(result.notes or {}) do say(note) end
  check_media(result)
  if task.into == "current" then lay_into(project, timeline, result) else import_new(project, timeline, result) end
end

-- Work on the task; whether it went well. What went wrong is said.
local function try()
  local ok, wrong = pcall(work)
  if ok then return true end
  local words = type(wrong) == "table" and wrong.text
    or "a fault of this menu item: " .. tostring(wrong) .. ". Nothing is lost: choose AVM Import Last Job."
  say("Error: " .. words)
  return false, words
end

-- The task that is chosen in the dialog.
local function chosen_task(pressed)
  local parts = shown.parts
  local into = PLACES[parts.Into.CurrentIndex + 1][1]
  if pressed == "Last" then return { into = into, last = true } end
  if pressed == "Audition" then return { audition = true } end
  local services = {}
  for _, service in ipairs(SERVICES) do
    if parts[service[1]].Checked then services[#services + 1] = service[1] end
  end
  if #services == 0 then
    say("Error: Nothing is asked for: choose music, sound effects or noise reduction.")
    return nil
  end
  return { into = into, scope = SCOPES[parts.Scope.CurrentIndex + 1][1], services = services,
    budget = tostring(parts.Budget.Text), alternatives = math.floor(parts.Alternatives.CurrentIndex) }
end

-- The dialog, until it is closed: one task after another.
local function run_dialog()
  local parts = shown.parts
  local is_open, host, _, timeline = pcall(current)
  local can_tell, marked = pcall(function() return is_open and range(host, timeline, "any") ~= nil end)
  parts.Scope.CurrentIndex = can_tell and is_open and not marked and 1 or 0
  while pcall(pause, STEP_S) do
    local pressed = shown.pressed
    shown.pressed, shown.is_cancelled = nil, false
    messages = pressed and {} or messages
    local chosen = pressed and chosen_task(pressed)
    if chosen then
      task = chosen
      parts.Score.Enabled, parts.Last.Enabled, parts.Audition.Enabled, parts.Cancel.Enabled = false, false, false, true
      try()
      show("")
      parts.Score.Enabled, parts.Last.Enabled, parts.Audition.Enabled, parts.Cancel.Enabled = true, true, true, false
    end
  end
end

-- An error stays in the small window until it was seen.
local function stay(words)
  shown.parts.Step.Text, shown.parts.Bar.Text, shown.parts.Cancel.Text = words, "", "Close"
  shown.is_cancelled = false
  repeat pcall(pause, STEP_S) until shown.is_cancelled or shown.is_closed
end

-- Where nothing that is printed is seen, a marker near the timeline's start shows it.
local function show_by_marker(color)
  local is_open, _, _, timeline = pcall(current)
  for frame = 0, is_open and 99 or -1 do
    if timeline:AddMarker(frame, color, "AVM Score", table.concat(messages, "\n"), 1, "avm") then return end
  end
end

shown = open_window()
if shown and asks then
  run_dialog()
else
  local ok, words = try()
  if not ok and shown and not shown.is_closed then stay(words) end
  if not HAS_FILES then show_by_marker(ok and "Yellow" or "Red") end
end
if shown then shown.window:Hide() end
