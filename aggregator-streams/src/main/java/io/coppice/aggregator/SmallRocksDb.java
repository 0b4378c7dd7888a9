package io.coppice.aggregator;

import java.util.Map;
import org.apache.kafka.streams.state.RocksDBConfigSetter;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.Cache;
import org.rocksdb.LRUCache;
import org.rocksdb.Options;
import org.rocksdb.WriteBufferManager;

/**
 * RocksDB in a few megabytes for the whole process, however many tasks it has: the stores hold references and counters, not
 * tensors.
 */
/*
 * On disk at all, though the entries are so few: Streams keeps its process id, from which it makes its transactional ids, only
 * where there is a persistent store. Without it an instance that comes back after kill -9 would have new ids, nobody would fence
 * the transaction that it left open, and read_committed readers would wait for that transaction's timeout.
 */
public final class SmallRocksDb implements RocksDBConfigSetter {

  private static final long TOTAL_BYTES = 16 << 20;
  private static final long WRITE_BUFFERS_BYTES = 8 << 20;
  private static final long WRITE_BUFFER_BYTES = 512 << 10;

  /** Shared by all stores; lives as long as the process. */
  private static final class Shared {
    static final Cache CACHE = new LRUCache(TOTAL_BYTES);
    static final WriteBufferManager WRITE_BUFFERS =
        new WriteBufferManager(WRITE_BUFFERS_BYTES, CACHE);
  }

  @Override
  public void setConfig(String storeName, Options options, Map<String, Object> configs) {
    BlockBasedTableConfig table = (BlockBasedTableConfig) options.tableFormatConfig();
    table.setBlockCache(Shared.CACHE);
    table.setCacheIndexAndFilterBlocks(true);
    options.setTableFormatConfig(table);
    options.setWriteBufferManager(Shared.WRITE_BUFFERS);
    options.setWriteBufferSize(WRITE_BUFFER_BYTES);
    options.setMaxWriteBufferNumber(2);
    options.setMaxBackgroundJobs(1);
  }

  @Override
  public void close(String storeName, Options options) {
    // What was set is shared with the other stores.
  }
}
