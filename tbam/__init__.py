"""The door of experimenters: GENI AM API v3, time slots of whole OpenFlow islands."""
