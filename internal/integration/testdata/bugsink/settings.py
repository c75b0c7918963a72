
# What a test adds to the local template. DIR is put before it.
DATABASES["default"]["NAME"] = DIR + "/db.sqlite3"
DATABASES["snappea"]["NAME"] = DIR + "/snappea.sqlite3"
SNAPPEA = {"TASK_ALWAYS_EAGER": True, "NUM_WORKERS": 1, "WAKEUP_CALLS_DIR": DIR + "/wakeup"}  # 200 means stored
BUGSINK.update({
    "PHONEHOME": False,
    "INGEST_STORE_BASE_DIR": DIR + "/ingest",  # the default is shared by all instances
})
